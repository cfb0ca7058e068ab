"""Prometheus metrics of the service, served at `/metrics`."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter("ipops_requests_total", "HTTP requests by route and status", ["method", "route", "status"])
SECONDS = Histogram("ipops_request_seconds", "Seconds per HTTP request by route", ["method", "route"])
