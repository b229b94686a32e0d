"""What an agent module may import of the gateway: `from dropgate import gateway_tool`."""

__all__ = ["gateway_tool"]


def gateway_tool(name: str, description: str | None = None, *, no_cache: bool = False) -> object:
    """
    A tool that the gateway owns and executes, for an agent's `tools`: `tools=[gateway_tool("fetch_doc")]`.

    `description` is told to the model in place of what the gateway says of the tool; with `no_cache` it is called
    anew each time, whatever is kept of equal calls. Outside of a gateway a call raises.
    """
    from dropgate_worker.process_tools import process_tools
    from dropgate_worker.run.gateway_tool import make_gateway_tool

    process_tools.use(name)
    return make_gateway_tool(name, description, no_cache=no_cache)
