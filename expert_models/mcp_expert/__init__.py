"""An expert in a process and an environment of its own, behind MCP."""
