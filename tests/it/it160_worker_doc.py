"""The worker of docs/WORKERS.md, as printed there, does its job, and goes on
after the broker was killed.
"""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402
from dkworld import until  # noqa: E402


class Printed(dkworld.TestCase):
    def source(self):
        path = os.path.join(dkworld.ROOT, "docs", "WORKERS.md")
        with open(path, encoding="utf-8") as file:
            blocks = re.findall(r"```python\n(.*?)```", file.read(), re.S)
        self.assertEqual(len(blocks), 1)
        lines = [x for x in blocks[0].splitlines() if x.strip()]
        self.assertLessEqual(len(lines), 30, "it grew too long to be read")
        return blocks[0]

    def assigned(self, client, number):
        found = client.call("case.get", {"case_no": number})
        return found["state"] == "transferred" and found["unit"] == "sthj"

    def test_the_printed_worker_assigns_and_survives_its_broker(self):
        world = self.world()
        world.broker.options["heartbeat_ms"] = 200
        world.broker.start()
        dkworld.Process(world, "worker.py", [
            sys.executable, world.path("worker.py", self.source()),
            world.broker.workers])
        with world.client() as client:
            number = client.submit()["case_no"]
            until(lambda: self.assigned(client, number), 15, "the first one")
        world.broker.kill()
        world.broker.start()
        with world.client() as client:
            number = client.submit()["case_no"]
            until(lambda: self.assigned(client, number), 15, "the second one")


if __name__ == "__main__":
    unittest.main(verbosity=2)
