"""What an agent module may import of the gateway: `from dropgate import gateway_tool`."""

__all__ = ["gateway_tool"]


def gateway_tool(name: str, description: str | None = None) -> object:
    """A tool that the gateway owns and executes, for an agent's `tools`: `tools=[gateway_tool("fetch_doc")]`."""
    from dropgate_worker.gateway_tool import make_gateway_tool

    return make_gateway_tool(name, description)
