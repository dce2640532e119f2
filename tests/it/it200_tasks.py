"""Tasks reach workers, come back, and are never lost or done twice: workers
that die, hang, lie, answer late; credit; dead letters.
"""

import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402
import pyworker  # noqa: E402
from dkworld import until  # noqa: E402

MAY = "2026-05-01T09:00:00+08:00"
FAST = {"heartbeat_ms": 200, "lease_ms": 3000}


class Case(dkworld.TestCase):
    def fast(self, **options):
        world = self.world(test_clock=MAY)
        world.broker.options.update(FAST)
        world.broker.options.update(options)
        world.broker.start()
        return world, world.client()

    def process(self, world, name, behaviour, credit=1, service="assign"):
        worker = world.python("pyworker.py", world.broker.workers, service,
                              name, str(credit), behaviour)
        worker.line("^hello", path=worker.out)
        return worker

    def open_tasks(self, client, **filters):
        return list(client.pages("task.list", filters))

    def state(self, client, number):
        return client.call("case.get", {"case_no": number})["state"]


class TheLine(Case):
    def test_a_case_is_registered_assigned_transferred_and_clocked(self):
        world, client = self.started(("assign", "deadline", "escalate"),
                                     test_clock=MAY)
        number = client.submit()["case_no"]
        until(lambda: self.state(client, number) == "transferred", 10,
              "the transfer")
        world.idle(client)
        case = client.call("case.get", {"case_no": number})
        self.assertTrue(case["unit"])
        types = [e["type"] for e in client.events(number)]
        self.assertEqual([t for t in types if t != "clock_set"],
                         ["submitted", "registered", "assigned",
                          "transferred"])
        self.assertIn("clock_set", types)
        self.assertTrue(case["clocks"], "no clock in the case file")
        self.assertEqual(client.call("stats")["store"]["tasks_open"], 0)

    def test_workers_that_come_late_find_all_tasks(self):
        world, client = self.started(test_clock=MAY)
        numbers = [client.submit()["case_no"] for _ in range(60)]
        self.assertTrue(self.open_tasks(client))
        world.services()
        for number in numbers:
            until(lambda n=number: self.state(client, n) == "transferred",
                  20, "the transfer of " + number)
        world.idle(client)
        follower = world.follower()
        follower.follow()
        report = checker.Report()
        checker.check_stream(follower.drain(), report)
        self.assertEqual(report.faults, [])

    def test_tasks_are_there_after_a_restart(self):
        world, client = self.started(test_clock=MAY)
        numbers = [client.submit()["case_no"] for _ in range(20)]
        before = self.open_tasks(client)
        world.broker.kill()
        world.broker.start()
        client.reopen()
        self.assertEqual(self.open_tasks(client), before)
        world.services()
        for number in numbers:
            until(lambda n=number: self.state(client, n) == "transferred",
                  20, "the transfer of " + number)


class Credit(Case):
    def test_no_more_tasks_than_credit_are_out(self):
        world, client = self.fast()
        for _ in range(10):
            client.submit()
        worker = world.worker("assign", credit=3)
        tasks = [worker.task() for _ in range(3)]
        worker.no_task(0.5)
        self.assertEqual(len({t["task_id"] for t in tasks}), 3)
        row = client.call("worker.list")["items"][0]
        self.assertEqual((row["credit"], row["leased"]), (3, 3))
        worker.result(tasks[0], [])
        fourth = worker.task()
        self.assertNotIn(fourth["task_id"], [t["task_id"] for t in tasks])
        worker.no_task(0.3)

    def test_tasks_come_oldest_first(self):
        world, client = self.fast()
        numbers = [client.submit()["case_no"] for _ in range(8)]
        worker = world.worker("assign", credit=8)
        self.assertEqual([worker.task()["case"]["case_no"]
                          for _ in range(8)], numbers)

    def test_workers_of_one_service_share_the_work(self):
        world, client = self.fast()
        workers = [world.auto("assign", pyworker.commands, "w%d" % i,
                              credit=2) for i in range(3)]
        requests = [client.send("case.submit", dkproto.submission())
                    for _ in range(300)]
        numbers = [client.answer(r, 30).ok()["case_no"] for r in requests]
        until(lambda: not self.open_assign(client), 30, "all assigned")
        counts = [sum(t["event"]["type"] == "submitted" for t in w.tasks)
                  for w in workers]
        self.assertEqual(sum(counts), 300)
        self.assertGreater(min(counts), 30, counts)
        for number in numbers[::30]:
            self.assertEqual(self.state(client, number), "transferred")

    def open_assign(self, client):
        return [t for t in self.open_tasks(client)
                if t["service"] == "assign"]


class BadWorkers(Case):
    def test_the_task_of_a_worker_that_dies_goes_to_another(self):
        world, client = self.fast()
        dying = self.process(world, "dying", "die")
        number = client.submit()["case_no"]
        dying.wait()
        started = time.monotonic()
        world.auto("assign", pyworker.commands)
        until(lambda: self.state(client, number) == "transferred", 10,
              "the other worker's answer")
        self.assertLess(time.monotonic() - started, 5 * dkworld.STRETCH,
                        "noticed by heartbeat, not by the lease")
        types = [e["type"] for e in client.events(number)]
        self.assertEqual(types, ["submitted", "registered", "assigned",
                                 "transferred"])

    def test_a_frozen_worker_is_replaced_and_its_late_answer_refused(self):
        world, client = self.fast(lease_ms=60000)
        number = client.submit()["case_no"]
        late = world.worker("assign", "late")
        task = late.task()
        # `late` says nothing any more; three heartbeats are missed.
        until(lambda: client.call("worker.list")["items"] == [], 10,
              "the end of the silent worker's session")
        other = world.worker("assign", "other")
        again = other.task()
        self.assertEqual(again["task_id"], task["task_id"])
        self.assertNotEqual(again["lease"], task["lease"])
        late.tell("result", task, commands=pyworker.commands(task))
        answer = late.reply(task)
        self.assertIn(dkproto.Problem(answer.body).slug,
                      ("stale-lease", "hello-first"))
        other.result(again, pyworker.commands(again))
        late.hello()
        late.tell("result", task, commands=pyworker.commands(task))
        answer = late.reply(task)
        self.assertEqual(dkproto.Problem(answer.body).slug, "stale-lease")
        self.assertEqual(len(client.events(number)), 4)

    def test_a_stopped_process_is_noticed_and_resumes_later(self):
        world, client = self.fast()
        frozen = self.process(world, "frozen", "answer")
        frozen.freeze()
        number = client.submit()["case_no"]
        until(lambda: client.call("worker.list")["items"] == [], 10,
              "the end of the frozen worker's session")
        other = world.auto("assign", pyworker.commands, "other")
        until(lambda: self.state(client, number) == "transferred", 10,
              "the other worker's answer")
        other.stop()
        frozen.thaw()
        second = client.submit()["case_no"]
        until(lambda: self.state(client, second) == "transferred", 10,
              "the thawed worker's answer")
        for each in (number, second):
            self.assertEqual(len(client.events(each)), 4)

    def test_a_lease_ends_and_an_extended_one_does_not(self):
        world, client = self.fast(lease_ms=1000)
        client.submit()
        first = world.worker("assign", "first")
        second = world.worker("assign", "second")
        peers = {"first": first, "second": second}
        task, owner = None, None

        def taken():
            nonlocal task, owner
            for name, peer in peers.items():
                try:
                    task, owner = peer.task(0.05), name
                    return True
                except dkproto.Timeout:
                    continue
            return False
        until(taken, 10, "a task at either worker")
        idle = peers["second" if owner == "first" else "first"]
        holder = peers[owner]
        # Extended five times over 2.5 lease times: it stays.
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            self.assertEqual(holder.extend(task), {"lease_ms": 1000})
            idle.no_task(0.2)
        # Not extended: heartbeats alone do not keep it.
        again = None

        def moved():
            nonlocal again
            for peer in (idle, holder):
                try:
                    again = (peer, peer.task(0.05))
                    return True
                except dkproto.Timeout:
                    continue
            return False
        until(moved, 10, "the task's next lease")
        self.assertEqual(again[1]["task_id"], task["task_id"])
        self.assertEqual(again[1]["attempt"], 2)
        holder.tell("result", task, commands=[])
        self.assertEqual(dkproto.Problem(holder.reply(task).body).slug,
                         "stale-lease")

    def test_a_lease_of_an_earlier_broker_is_stale(self):
        world, client = self.fast()
        client.submit()
        worker = world.worker("assign")
        task = worker.task()
        world.broker.kill()
        world.broker.start()
        worker.reopen()
        worker.hello()
        again = worker.task()
        self.assertEqual(again["task_id"], task["task_id"])
        self.assertNotEqual(again["lease"], task["lease"])
        worker.tell("result", task, commands=[])
        self.assertEqual(dkproto.Problem(worker.reply(task).body).slug,
                         "stale-lease")
        worker.result(again, [])

    def test_another_workers_lease_cannot_be_used(self):
        world, client = self.fast()
        client.submit()
        mine = world.worker("assign", "mine")
        task = mine.task()
        thief = world.worker("assign", "thief")
        for kind, more in (("result", {"commands": []}),
                           ("fail", {"reason": "x"}), ("extend", {})):
            thief.tell(kind, task, **more)
            self.assertEqual(dkproto.Problem(thief.reply(task).body).slug,
                             "stale-lease")
        forged = dict(task, lease=task["lease"].split("-")[0] + "-999999")
        mine.tell("result", forged, commands=[])
        self.assertEqual(dkproto.Problem(mine.reply(forged).body).slug,
                         "stale-lease")
        other = dict(task, task_id=str(int(task["task_id"]) + 1))
        mine.tell("result", other, commands=[])
        self.assertEqual(mine.reply(other).type, "problem")
        mine.result(task, [])

    def test_an_answer_repeated_is_harmless(self):
        world, client = self.fast()
        number = client.submit()["case_no"]
        worker = world.worker("assign", credit=2)
        task = worker.task()
        for _ in range(5):
            worker.tell("result", task, commands=pyworker.commands(task))
        answers = [worker.reply(task) for _ in range(5)]
        self.assertEqual(answers[0].type, "done")
        for answer in answers[1:]:
            self.assertTrue(
                answer.type == "done" or
                dkproto.Problem(answer.body).slug == "stale-lease", answer)
        self.assertEqual(len(client.events(number)), 4)
        # Five answers gave the credit back once.
        for _ in range(5):
            client.submit()
        worker.task()
        worker.task()
        worker.no_task(0.4)

    def test_rubbish_and_failures_end_as_dead_letters(self):
        for behaviour in ("rubbish", "fail"):
            world, client = self.fast(max_attempts=3)
            number = client.submit()["case_no"]
            process = self.process(world, "bad", behaviour)
            until(lambda c=client: self.open_tasks(c, dead=True), 30,
                  "a dead letter")
            dead = self.open_tasks(client, dead=True)
            self.assertEqual(len(dead), 1)
            self.assertEqual(dead[0]["case_no"], number)
            self.assertEqual(dead[0]["service"], "assign")
            self.assertEqual(dead[0]["attempts"], 3)
            self.assertTrue(dead[0]["reason"])
            self.assertRegex(dead[0]["failed_at"], dkproto.TIME)
            if behaviour == "fail":
                self.assertIn("cannot be done", dead[0]["reason"])
            attempts = [line.split()[3] for line in
                        process.output().splitlines()
                        if line.startswith("task")]
            self.assertEqual(attempts, ["1", "2", "3"])
            # A second case is served all the same.
            process.kill()
            other = client.submit()["case_no"]
            world.auto("assign", pyworker.commands)
            until(lambda c=client, n=other: self.state(c, n) ==
                  "transferred", 10, "the neighbour")
            self.assertEqual(self.state(client, number), "submitted")
            self.assertEqual(client.call("stats")["store"]["tasks_dead"], 1)

    def test_a_failure_says_when_to_try_again(self):
        world, client = self.fast()
        client.submit()
        worker = world.worker("assign")
        task = worker.task()
        began = time.monotonic()
        worker.fail(task, "later please", retry_after_ms=1200)
        again = worker.task(10)
        self.assertGreaterEqual(time.monotonic() - began, 1.15)
        self.assertEqual(again["attempt"], 2)
        info = client.call("task.get", {"task_id": task["task_id"]})
        self.assertEqual(info["reason"], "later please")
        self.assertEqual(info["attempts"], 1)

    def test_bye_gets_no_new_tasks_but_may_finish_its_own(self):
        world, client = self.fast()
        number = client.submit()["case_no"]
        worker = world.worker("assign", credit=2)
        task = worker.task()
        worker.bye()
        client.submit()
        worker.no_task(0.5)
        worker.result(task, pyworker.commands(task))
        self.assertEqual(self.state(client, number), "transferred")


class DeadLetters(Case):
    def dead(self, max_attempts=1, cases=1):
        world, client = self.fast(max_attempts=max_attempts)
        numbers = [client.submit()["case_no"] for _ in range(cases)]
        worker = world.worker("assign", "bad", credit=1)
        for _ in range(max_attempts * cases):
            worker.fail(worker.task(15), "no", retry_after_ms=1)
        until(lambda: len(self.open_tasks(client, dead=True)) == cases, 10,
              "%d dead letters" % cases)
        worker.close()
        world.peers.remove(worker)
        return world, client, numbers

    def test_retry_makes_it_an_open_task_with_no_attempts(self):
        world, client, (number,) = self.dead()
        task_id = self.open_tasks(client, dead=True)[0]["task_id"]
        self.assertEqual(client.call("task.retry", {"task_id": task_id}),
                         {"task_id": task_id})
        self.assertEqual(self.open_tasks(client, dead=True), [])
        row = client.call("task.get", {"task_id": task_id})
        self.assertEqual(row["attempts"], 0)
        world.auto("assign", pyworker.commands)
        until(lambda: self.state(client, number) == "transferred", 10,
              "the retried task's answer")
        with self.problem("not-found"):
            client.call("task.get", {"task_id": task_id})

    def test_drop_takes_it_away_for_good_with_a_reason(self):
        world, client, (number,) = self.dead()
        task_id = self.open_tasks(client, dead=True)[0]["task_id"]
        client.call("task.drop", {"task_id": task_id,
                                  "actor": "officer:li", "reason": "重复"})
        for kind in ("task.get", "task.retry"):
            with self.problem("not-found"):
                client.call(kind, {"task_id": task_id})
        world.broker.kill()
        world.broker.start()
        client.reopen()
        self.assertEqual(self.open_tasks(client, dead=True), [])
        auto = world.auto("assign", pyworker.commands)
        second = client.submit()["case_no"]
        until(lambda: self.state(client, second) == "transferred", 10,
              "the next case")
        self.assertEqual([t["case"]["case_no"] for t in auto.tasks
                          if t["event"]["type"] == "submitted"], [second])
        self.assertEqual(self.state(client, number), "submitted")

    def test_an_open_task_can_be_neither_dropped_nor_retried(self):
        _, client = self.fast()
        client.submit()
        task_id = self.open_tasks(client)[0]["task_id"]
        for kind, body in (("task.retry", {}),
                           ("task.drop", {"actor": "officer:li",
                                          "reason": "x"})):
            answer = client.ask(kind, dict(body, task_id=task_id))
            self.assertEqual(answer.type, "problem")
        self.assertIn(task_id, [t["task_id"]
                                for t in self.open_tasks(client)])

    def test_dead_letters_survive_a_restart_and_are_not_sent(self):
        world, client, _ = self.dead(max_attempts=2, cases=3)
        before = self.open_tasks(client, dead=True)
        world.broker.kill()
        world.broker.start()
        client.reopen()
        self.assertEqual(self.open_tasks(client, dead=True), before)
        worker = world.worker("assign")
        worker.no_task(0.5)
        self.assertEqual([t["task_id"] for t in client.pages(
            "task.list", {"dead": True}, limit=1)],
            [t["task_id"] for t in before])


class UnderLoad(Case):
    def test_workers_killed_at_random_lose_nothing_and_do_nothing_twice(self):
        rng = dkproto.seeded()
        world = self.world(test_clock=MAY)
        world.broker.options.update(FAST)
        world.broker.start()
        client = world.client()
        history = checker.History()
        stop = threading.Event()

        def submit(name):
            with dkproto.Client(world.broker.clients) as peer:
                while not stop.is_set():
                    history.submit(name, peer, dkproto.submission())
        threads = [threading.Thread(target=submit, args=("s%d" % i,))
                   for i in range(4)]
        services = ["assign", "deadline", "escalate"]
        workers = [(s, world.service(s)) for s in services for _ in "ab"]
        for thread in threads:
            thread.start()
        try:
            for _ in range(60):
                i = rng.randrange(len(workers))
                service, process = workers[i]
                time.sleep(rng.random() * 0.15)  # the moment of the kill
                process.kill()
                workers[i] = (service, world.service(service, wait=False))
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        world.idle(client, 60)
        self.assertEqual(self.open_tasks(client, dead=True), [],
                         "kills alone must not make dead letters")
        report = checker.run(world, history,
                             assigned=True, clocks=("transfer",))
        print(report.summary())
        self.assertEqual(report.faults, [])
        self.assertGreater(report.acked, 100)


if __name__ == "__main__":
    unittest.main(verbosity=2)
