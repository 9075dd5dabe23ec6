"""Benchmarks: synthetic graphs, a mix of queries, a comparison with other servers, and curves against size.

Not part of the installed package; run from the root of the checkout, as ``python -m benchmarks.compare``.
"""
