"""Benchmarks anyone can run: `paideia bench NAME` prints JSON. Speeds are ratios to a control in the same run."""
