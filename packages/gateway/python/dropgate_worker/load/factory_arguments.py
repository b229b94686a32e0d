"""What a factory may require."""

from collections.abc import Callable

from ..protocol.messages import ModuleLoad

# Made only where it is asked for, by the name of its parameter.
KnownArguments = dict[str, Callable[[], object]]


def factory_arguments(load: ModuleLoad) -> KnownArguments:
    """What a factory may require, by the name of its parameter; made only where it is asked for."""

    def client() -> object:
        import openai

        return openai.AsyncOpenAI()

    default_model = load["defaultModel"] and load["defaultModel"]["name"]
    return {
        "model": lambda: default_model,
        "name": lambda: load["name"],
        "agent_id": lambda: load["agentId"],
        "model_id": lambda: load["agentId"],
        "client": client,
        "policy": dict,
        "config": dict,
        "settings": dict,
        "request": lambda: None,
        "context": lambda: None,
    }
