"""One part of the bench in a process of its own, so that its memory is its own."""

import sys

from paideia.bench.science import main

sys.exit(main(sys.argv[1:]))
