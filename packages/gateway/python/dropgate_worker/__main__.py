"""Entry of the process: `python -m dropgate_worker`, with the channel on fd 3."""

from .process import start_worker

if __name__ == "__main__":
    start_worker()
