"""Fields of `__gateway__` as they are written, known before the module is run."""

from __future__ import annotations

import ast


def written_setting(tree: ast.Module, *names: str) -> object:
    """The constant that `__gateway__` gives one of these fields; None where it gives none, or something else."""
    for statement in tree.body:
        targets, value = _assigned(statement)
        if "__gateway__" not in targets or not isinstance(value, ast.Dict):
            continue
        for key, given in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in names:
                return given.value if isinstance(given, ast.Constant) else None
    return None


def _assigned(statement: ast.stmt) -> tuple[list[str], ast.expr | None]:
    if isinstance(statement, ast.Assign):
        return [
            target.id for target in statement.targets if isinstance(target, ast.Name)
        ], statement.value
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id], statement.value
    return [], None
