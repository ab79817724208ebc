"""Experts in processes of their own, which stay: started at the first call, killed at a limit."""

from tools.host.current import call_isolated, close_experts, own_host, use_host_at
from tools.host.remote import HostAddress, serve_experts

__all__ = [
    "HostAddress",
    "call_isolated",
    "close_experts",
    "own_host",
    "serve_experts",
    "use_host_at",
]
