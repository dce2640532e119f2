"""Every submission is sent one to five times, by several clients, at once and
in any order, while docketd is killed again and again: one case each, and the
same number and query code in every answer.

DK_SUBMISSIONS (200) and DK_KILLS (5) size a round, DK_BUDGET (seconds) repeats
it, DK_SEED plays one again.
"""

import copy
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import battery  # noqa: E402
import checker  # noqa: E402
import dkproto  # noqa: E402
import dkworld  # noqa: E402

CLIENTS, WINDOW = 6, 8


def deck(rng, count):
    """Bodies to send, in order: each one to five times, near each other, but
    some copies long after.  A few have a rival that says something else.
    """
    cards = []
    for place in range(count):
        body = dkproto.submission(
            submission_id=dkproto.uuid7(rng=rng), subject="第%d件" % place,
            facts="事实" * rng.randrange(1, 200))
        copies = [body] * rng.randint(1, 5)
        if rng.random() < 0.1:
            copies[rng.randrange(len(copies))] = dict(body, subject="他事")
        for each in copies:
            late = rng.choice((2, 20, 20, 2 * count))
            shuffled = list(each.items())
            rng.shuffle(shuffled)  # the order of members says nothing
            cards.append((place + rng.random() * late, rng.random(),
                          dict(shuffled)))
    cards.sort(key=lambda card: card[:2])
    return [card[2] for card in cards]


class Sender(threading.Thread):
    """Keeps WINDOW requests under way; repeats what was not answered."""

    def __init__(self, world, history, name, cards, leave):
        super().__init__(daemon=True)
        self.world, self.history, self.name = world, history, name
        self.cards, self.leave = cards[::-1], leave
        self.out, self.answered, self.error = {}, 0, None
        self.start()

    def run(self):
        try:
            with dkproto.Client(self.world.broker.clients) as peer:
                self.send_all(peer)
        except Exception as error:  # told by the test
            self.error = error

    def send_all(self, peer):
        end = time.monotonic() + 60 * dkworld.STRETCH
        moved = time.monotonic()
        while self.cards or self.out:
            while self.cards and len(self.out) < WINDOW:
                body = self.cards.pop()
                op = self.history.invoke(self.name, "case.submit", body)
                self.out[peer.send("case.submit", body)] = op
                if self.leave(body):  # gone before the answer comes
                    peer.reopen()
                    self.out.popitem()
                    self.again(peer)
            try:
                self.answer(peer, peer.recv(0.3))
                moved = time.monotonic()
            except dkproto.Timeout:
                if time.monotonic() > end:
                    raise
                if time.monotonic() - moved > 0.6 * dkworld.STRETCH:
                    peer.reopen()
                    self.again(peer)
                    moved = time.monotonic()

    def again(self, peer):
        """The same requests on the new connection."""
        ops, self.out = list(self.out.values()), {}
        for op in ops:
            self.out[peer.send("case.submit", op["body"])] = op

    def answer(self, peer, message):
        op = self.out.pop(message.request, None)
        if op is None:
            return
        if message.type == "problem":
            if message.body.get("retry_after_ms") is not None:
                self.out[peer.send("case.submit", op["body"])] = op
                return
            checker.History.ended(op, "refused", message.body)
        else:
            checker.History.ended(op, "ok", message.ok())
        self.answered += 1


class Repeats(dkworld.TestCase):
    def storm(self, rng):
        """A round: (client, history, events)."""
        world = self.world(test_clock="2026-05-01T09:00:00+08:00")
        world.broker.start()
        history = checker.History()
        cards = deck(rng, battery.number("DK_SUBMISSIONS", 200))
        kills = sorted(rng.random() * 0.95 for _ in range(
            battery.number("DK_KILLS", 5)))
        left = set(rng.sample(range(len(cards)), len(cards) // 50))
        ids = {id(cards[i]) for i in left}
        senders = [Sender(world, history, "s%d" % i, cards[i::CLIENTS],
                          lambda body: id(body) in ids)
                   for i in range(CLIENTS)]
        for part in kills:
            dkworld.until(lambda: sum(s.answered for s in senders) >=
                          part * (len(cards) - len(left)) or
                          any(s.error for s in senders), 60,
                          "answers between two kills", 0.001)
            world.broker.kill()
            world.broker.start()
        for sender in senders:
            sender.join(90 * dkworld.STRETCH)
            self.assertFalse(sender.is_alive(), "a client hangs")
            if sender.error:
                raise sender.error
        client = world.client()
        return world, client, history, battery.read_back(world, client)

    @staticmethod
    def judge(history, events, client=None):
        report = battery.check(checker.once(history), events, client)
        checker.check_repeats(history, events, report)
        return report

    def test_one_case_for_each_however_often_it_is_sent(self):
        for rng in battery.rounds():
            began = time.monotonic()
            world, client, history, events = self.storm(rng)
            report = self.judge(history, events, client)
            print("%d copies, %d kills, %.1f s: %s" % (
                len(history.ops), battery.number("DK_KILLS", 5),
                time.monotonic() - began, report.summary()), flush=True)
            self.assertEqual(report.faults, [])
            self.assertEqual(report.acked + report.recovered, report.stored)
            self.assertGreater(len(history.ops), 2 * report.stored)
            self.codes(rng, client, history)
            self.control(rng, history, events)
            world.broker.stop()
            self.finish(world)

    def codes(self, rng, client, history):
        """The code that was told opens the case that was told."""
        told = [op["answer"] for op in history.ops
                if op["outcome"] == "ok"]
        for answer in rng.sample(told, 5):
            client.call("case.query", {"case_no": answer["case_no"],
                                       "query_code": answer["query_code"]})

    def control(self, rng, history, events):
        """The same round with one thing wrong: it is seen."""
        good = [op for op in history.ops if op["outcome"] == "ok"]
        twice = [op for op in good if sum(
            o["id"] == op["id"] for o in good) > 1]
        op = rng.choice(twice)
        number = op["answer"]["case_no"]
        other = dkproto.case_no("330699", "20260501", 999999)
        self.assertTrue(self.judge(history, battery.without(
            events, number)).lost)
        self.assertTrue(self.judge(history, battery.doubled(
            events, number, other)).duplicated)
        for change, name in (({"case_no": other}, "duplicated"),
                             ({"query_code": "x"}, "mismatched"),
                             ({"recorded_at": "x"}, "mismatched")):
            wrong = copy.copy(history)
            wrong.ops = [dict(o, answer=dict(o["answer"], **change))
                         if o is op else o for o in history.ops]
            self.assertTrue(getattr(self.judge(wrong, events), name), change)
        wrong.ops = [dict(o, outcome="refused", answer={
            "type": "urn:docket:problem:conflict"}) if o is op else o
            for o in history.ops]
        self.assertTrue(self.judge(wrong, events).broken)


if __name__ == "__main__":
    unittest.main(verbosity=2)
