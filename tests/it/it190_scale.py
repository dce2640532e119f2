"""What must not grow with the number of cases: start-up time and memory.  And
what a flood must not do: lose, hang, or fill the memory.
"""

import os
import sys
import threading
import time
import unittest

import zmq

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkproto  # noqa: E402
import dkworld  # noqa: E402

MAY = "2026-05-01T09:00:00+08:00"
CASES = int(os.environ.get("DK_CASES") or 20000)
SANITIZED = dkworld.STRETCH > 1  # then memory says nothing


def memory(pid):
    """Resident KiB."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise AssertionError("no VmRSS")


def submit_many(client, count, window=500):
    """`count` submissions, some always under way; the answers."""
    waiting, answers = [], []
    for _ in range(count):
        waiting.append(client.send("case.submit", dkproto.submission(
            facts="x" * 400)))
        if len(waiting) >= window:
            answers.append(client.answer(waiting.pop(0), 60).ok())
    return answers + [client.answer(r, 60).ok() for r in waiting]


class Grows(dkworld.TestCase):
    def start(self, world):
        """(seconds, KiB) of a start; the least of three."""
        found = []
        for _ in range(3):
            began = time.monotonic()
            world.broker.start()
            took = time.monotonic() - began
            world.client().call("hello")
            found.append((took, memory(world.broker.process.pid)))
            world.broker.stop()
        return min(t for t, _ in found), min(m for _, m in found)

    def test_start_up_does_not_grow_with_open_cases_clocks_and_tasks(self):
        world, client = self.started(test_clock=MAY)
        submit_many(client, 50)
        world.broker.stop()
        small = self.start(world)
        world.broker.start()
        client.reopen()

        def deadline(task):
            return [{"action": "clock", "clock": "limit", "basis": 1,
                     "started_at": task["event"]["effective_at"],
                     "due_at": "2026-06-01T00:00:00+08:00",
                     "on_due": "overdue", "stops_on": ["answered"],
                     "rungs": []}] if task["event"]["n"] == 1 else []
        worker = world.auto("deadline", deadline, credit=128)
        submit_many(client, CASES)
        dkworld.until(lambda: worker.done >= CASES // 2, 120,
                      "clocks for half of the cases")
        worker.stop()
        world.autos.clear()
        store = client.call("stats")["store"]
        self.assertEqual(store["cases"], CASES + 50)
        self.assertGreater(store["tasks_open"], CASES)
        world.broker.stop()
        large = self.start(world)
        print("start with 50 cases: %.0f ms %d KiB, with %d: %.0f ms %d KiB" %
              (small[0] * 1000, small[1], CASES, large[0] * 1000, large[1]))
        self.assertLess(large[0], small[0] + 0.5 * dkworld.STRETCH)
        if not SANITIZED:
            self.assertLess(large[1], small[1] + 8192)

    def test_memory_while_serving_does_not_grow_with_the_cases(self):
        world, client = self.started(test_clock=MAY)
        sizes = []
        for _ in range(3):  # the first fills the caches
            submit_many(client, CASES // 2)
            sizes.append(memory(world.broker.process.pid))
        print("KiB after each %d cases: %s" % (CASES // 2, sizes))
        if not SANITIZED:
            self.assertLess(sizes[2], sizes[1] + 8192)


class Flood(dkworld.TestCase):
    def test_a_flood_is_answered_or_refused_with_a_time_to_come_again(self):
        world, client = self.started(test_clock=MAY)
        each, tally, lock = 2500, {}, threading.Lock()
        acked = []

        def flood():
            with dkproto.Client(world.broker.clients) as peer:
                sent = {}
                for _ in range(each):
                    body = dkproto.submission(facts="x" * 2000)
                    sent[peer.send("case.submit", body)] = body
                for request in list(sent):
                    message = peer.answer(request, 60 * dkworld.STRETCH)
                    kind = message.type
                    if kind == "problem":
                        kind = dkproto.Problem(message.body).slug
                    with lock:
                        tally[kind] = tally.get(kind, 0) + 1
                        if kind == "ok":
                            acked.append(message.body["case_no"])
        threads = [threading.Thread(target=flood) for _ in range(6)]
        for thread in threads:
            thread.start()
        # Others are heard meanwhile.
        slowest = 0.0
        while any(t.is_alive() for t in threads):
            began = time.monotonic()
            client.call("hello", timeout=30)
            slowest = max(slowest, time.monotonic() - began)
        for thread in threads:
            thread.join()
        print("%s, slowest hello %.0f ms, %d KiB" % (
            tally, slowest * 1000, memory(world.broker.process.pid)))
        self.assertEqual(sum(tally.values()), 6 * each)
        self.assertLessEqual(set(tally), {"ok", "overloaded"})
        self.assertEqual(len(set(acked)), len(acked))
        self.assertEqual(client.call("stats")["store"]["cases"],
                         len(acked))
        self.assertLess(slowest, 5 * dkworld.STRETCH)

    def test_followers_that_do_not_read_cost_no_more_than_their_credit(
            self):
        world, client = self.started(test_clock=MAY)
        submit_many(client, 3000)
        before = memory(world.broker.process.pid)
        lazy = [world.follower(credit=500, hwm=10) for _ in range(20)]
        for follower in lazy:
            follower.send("events.follow", {"from": 1, "credit": 500})
        submit_many(client, 3000)
        after = memory(world.broker.process.pid)
        print("memory %d KiB, with 20 lazy followers %d KiB" % (before,
                                                                after))
        if not SANITIZED:
            self.assertLess(after, before + 65536)
        eager = world.follower(credit=5000)
        eager.follow()
        self.assertEqual(len(eager.drain(until=6000, deadline=60)), 6000)

    def test_a_client_that_never_reads_does_not_hold_up_others(self):
        world, client = self.started(test_clock=MAY)
        lazy = world.client(hwm=10)
        for _ in range(5000):
            try:
                lazy.socket.send_multipart(
                    [b"DKT1", b"case.list", b"q", b'{"limit":50}'],
                    zmq.DONTWAIT)
            except zmq.Again:
                break
        began = time.monotonic()
        submit_many(client, 200)
        self.assertLess(time.monotonic() - began, 20 * dkworld.STRETCH)


if __name__ == "__main__":
    unittest.main(verbosity=2)
