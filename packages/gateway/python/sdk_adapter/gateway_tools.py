"""The ancestor's names for tools that the gateway owns."""

from dropgate import gateway_tool

__all__ = ["gateway_tool", "use_gateway_tool"]


def use_gateway_tool(
    name: str, description: str | None = None, *, no_cache: bool = False
) -> object:
    """The same as `gateway_tool`."""
    return gateway_tool(name, description, no_cache=no_cache)
