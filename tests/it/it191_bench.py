"""script/bench measures what it says: every part runs end to end, at a size that
is no measurement; made stores are whole; tables and curves come out.
"""

import glob
import json
import os
import subprocess
import sys
import unittest
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BIN = os.environ["DK_BIN"]
LAW = [os.path.join(ROOT, "policy", name)
       for name in ("xinfang-2022.json", "calendar-cn.json")]
MADE = {"start", "read", "size_submit", "memory", "size_life", "clocks_start",
        "clocks_submit", "clocks_memory", "late_setup", "late", "stored", "storage_life", "written"}


class Bench(dkworld.TestCase):
    def run_bench(self, world, *more):
        done = subprocess.run(
            ["/usr/bin/python3", os.path.join(ROOT, "bench", "run.py"),
             "--bin", BIN, "--data", world.path("bench"), "--rounds", "1",
             "--seconds", str(0.3 * dkworld.STRETCH), "--cases", "12", "--sizes", "60,120",
             "--clocks", "60", "--due", "12", "--closed", "12"] + list(more),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
            timeout=100 * dkworld.STRETCH, check=False, cwd=ROOT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_every_part_gives_results_a_table_and_curves(self):
        world = self.world()
        text = self.run_bench(world, "--parts", "size,clocks,storage")
        rows = [json.loads(line) for line in text.splitlines()
                if line.startswith("{")]
        self.assertEqual({row["measure"] for row in rows}, MADE)
        reads = [r for r in rows if r["measure"] == "read"]
        self.assertEqual({r["size"] for r in reads}, {60, 120})
        self.assertGreater(len({r["what"] for r in reads}), 30)
        by_what = {r["what"]: r["rows"] for r in reads if r["size"] == 120}
        self.assertGreater(by_what["list_all"], 30)  # a page's bytes end it
        self.assertEqual(by_what["list_no_region"], 0)
        late = [r for r in rows if r["measure"] == "late"]
        self.assertEqual([(r["due"], r["alerts"]) for r in late], [(12, 12)])
        for words in ("Answers by cases", "Running clocks", "On the disk"):
            self.assertIn(words, text)
        drawn = glob.glob(world.path("bench") + "/*.svg")
        self.assertGreaterEqual(len(drawn), 4)
        for path in drawn:
            xml.etree.ElementTree.parse(path)
        self.assertEqual(glob.glob(world.path("bench") + "/run.*"), [])

    def test_a_part_that_is_not_there_is_named(self):
        done = subprocess.run(
            ["/usr/bin/python3", os.path.join(ROOT, "bench", "run.py"),
             "--bin", BIN, "--parts", "speed"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no part 'speed'", done.stderr)

    def test_a_made_store_is_whole(self):
        world = self.world(test_clock="2026-09-01T00:00:00+08:00",
                           county="330699")
        os.makedirs(os.path.dirname(world.broker.db), exist_ok=True)
        for most, percent in ((0, 30), (3, 100)):
            if os.path.exists(world.broker.db):
                os.unlink(world.broker.db)
            subprocess.run(
                [os.path.join(BIN, "bench", "grow")] + LAW +
                [world.broker.db, "150", str(percent), str(most)], check=True,
                stdout=subprocess.DEVNULL)
            world.broker.start()
            client = world.client()
            self.assertEqual(client.call("stats")["store"]["cases"], 150)
            cases, _, faults = client.verify_all()
            self.assertEqual((cases, faults), (150, []))
            client.submit()
            world.broker.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
