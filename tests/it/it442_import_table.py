"""docketctl import FILE.csv: old cases from a table with columns of its own; a
dry run says of each row that would be refused why, by its number in the table.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402

MAP = "id=编号,submitted_at=来信时间,subject=标题,facts=内容,category=类别," \
    "reply=答复,replied_at=答复时间"
HEAD = "编号,姓名,来信时间,标题,内容,类别,答复,答复时间\r\n"
GOOD = ("7,王桂英,2019/3/5 14:30,路灯,\"村口三盏\r\n路灯坏了\",供水,已修,"
        "2019/3/20\r\n"
        "8,李四,2019-03-06,停水,\"停水, 两天\",供水,,\r\n")
BAD = ("9,,昨天,路灯,坏了,供水,,\r\n"
       ",,,,,,,\r\n"
       "10,,2019-03-06,,没有标题,供水,,\r\n"
       "7,,2019/3/5 14:30,路灯,又是七号,供水,,\r\n")


class Table(dkworld.TestCase):
    def test_a_dry_run_then_the_cases(self):
        world, client = self.started(("assign", "deadline", "escalate"),
                                     test_clock="2026-05-01T09:00:00+08:00")
        table = world.path("旧案.csv", "\ufeff" + HEAD + GOOD + BAD)
        _, _, text = world.ctl("--lang", "en", "import", table, "--map", MAP,
                               "--zone", "+08:00", "--dry-run", code=65)
        for words in ("line 4: ", "line 6: ", "line 7: ", "来信时间", "标题"):
            self.assertIn(words, text)
        self.assertNotRegex(text, "(?m)^line [1235]: ")
        self.assertNotIn("王桂英", text)
        self.assertNotIn("旧案.csv.ndjson", os.listdir(world.folder))
        self.assertEqual(list(client.pages("case.list")), [])
        world.path("旧案.csv", "\ufeff" + HEAD + GOOD)
        for _ in range(2):  # twice is once
            world.ctl("import", table, "--map", MAP, "--zone", "+08:00",
                      deadline=60)
        cases = sorted(client.pages("case.list"),
                       key=lambda c: c["submitted_at"])
        self.assertEqual([c["submitted_at"][:19] for c in cases],
                         ["2019-03-05T14:30:00", "2019-03-06T00:00:00"])
        self.assertIn("answered", [e["type"] for e in
                                   client.events(cases[0]["case_no"])])
        self.assertIn("村口三盏\r\n路灯坏了",
                      [e["body"]["facts"] for e in
                       client.events(cases[0]["case_no"])
                       if e["type"] == "submitted"])
        with open(table + ".ndjson", encoding="utf-8") as file:
            self.assertNotIn("王桂英", file.read())

    def test_what_is_no_such_table(self):
        world = self.world()
        table = world.path("t.csv", "号,标题\n1,2\n")
        _, _, text = world.ctl("--lang", "en", "import", table, "--map", MAP,
                               "--dry-run", code=None)
        self.assertIn("no column '编号'", text)
        world.path("t.csv", HEAD.encode("gb18030"))
        _, _, text = world.ctl("--lang", "en", "import", table, "--map", MAP,
                               "--dry-run", code=None)
        self.assertIn("CSV UTF-8", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
