"""Benchmarks: the application beside pgbench running the same statements on the same server."""
