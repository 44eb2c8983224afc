"""Four worker processes that are killed at random, for test_exactly_once.py.

    python -m paideia.activity.tests.killed_workers WORKERS KILLS SEED

A worker that is killed is replaced at once. After so many kills the workers run on until standard input ends.
"""

import logging
import os
import random
import signal
import sys
import threading

import django


def main(workers: int, kills: int, seed: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "paideia.config.settings")
    django.setup()
    from django.conf import settings

    from paideia.activity.tests.listeners import LISTENERS, listen

    listen()
    settings.DATABASES["default"]["OPTIONS"]["pool"] = False
    logging.disable(logging.CRITICAL)
    chance, ended = random.Random(seed), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    running = [_fork(LISTENERS) for _ in range(workers)]
    while not ended.wait(chance.uniform(0.02, 0.12)):
        if kills:
            victim = running.pop(chance.randrange(workers))
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            running.append(_fork(LISTENERS))
            kills -= 1
            if not kills:
                print("all killed", flush=True)
    for worker in running:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def _fork(names: list[str]) -> int:
    if child := os.fork():
        return child
    from paideia.activity import readers

    chosen = [one for one in readers.all_readers() if one.name in names]
    readers.all_readers = lambda: chosen
    try:
        readers.run_forever(threading.Event())
    finally:
        os._exit(1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
