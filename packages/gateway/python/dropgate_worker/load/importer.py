"""Imports the module under a private name, and its local helpers as one generation."""

import __future__

import ast
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import cast

from ..protocol.messages import ModuleLoad
from .calls_at_load import is_refused
from .script_parts import leave_out_servers, rest_after
from .source_files import SourceFiles, decode_source, refuse_null_bytes

# The SDK's own package: a local folder of that name must not hide it.
SDK_PACKAGE = "agents"

# Of what `from __future__` sets for the whole of a file, all that still changes anything.
_FUTURE_FLAGS = __future__.annotations.compiler_flag


class ModuleImporter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """
    Finder and loader of the author's files. Helpers in the module's folder are found by their plain name
    (`import helper`) and relative to the module (`from .helper import …`); packages that are already loaded, the
    standard library's and the SDK's above all, win over helpers of their name.
    """

    def __init__(self, load: ModuleLoad, sources: SourceFiles) -> None:
        self._sources = sources
        self._entry = os.path.realpath(load["entry"])
        self._folder = os.path.realpath(load["folder"])
        self._folders = author_folders(load)
        digest = hashlib.sha256(self._entry.encode()).hexdigest()[:12]
        self.package = f"_dropgate_{digest}"
        self._stem = os.path.splitext(os.path.basename(self._entry))[0]
        self._name = f"{self.package}.{self._stem}"
        # The module as far as it ran, and statements of it that were not run.
        self.module: ModuleType | None = None
        self.left_out: list[ast.stmt] = []
        # What statements of it raised that it went on behind.
        self.skipped: list[BaseException] = []

    def import_entry(self) -> ModuleType:
        """Imports the module; raises what it raises. Holds for the rest of the process's life."""
        self.install()
        try:
            return importlib.import_module(self._name)
        finally:
            # Of a script that failed its agent may be served: what it defined still has its home.
            if self.module is not None:
                sys.modules[self._name] = self.module

    def install(self) -> None:
        """Makes the author's files be found here, the module by its private name too."""
        # Last, for what only the usual finders know (extension modules, data of packages).
        sys.path.extend(self._folders)
        sys.meta_path.insert(0, self)
        self._import_package()

    def _import_package(self) -> None:
        init = os.path.join(self._folder, "__init__.py")
        if self._sources.has(init):
            importlib.import_module(self.package)
            return
        package = ModuleType(self.package)
        package.__path__ = [*self._folders]
        sys.modules[self.package] = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Finds the author's files; everything else is left to the other finders."""
        if fullname == self.package:
            init = os.path.join(self._folder, "__init__.py")
            return self._spec(fullname, init, self._folder)
        if fullname == SDK_PACKAGE:
            return None
        if fullname == self._name:
            return self._spec(fullname, self._entry, None)
        if fullname == self._stem and path is None:
            # A helper, or the folder's `__init__.py`, gets the module itself, not a second.
            return importlib.util.spec_from_loader(fullname, _SameModule(self._name))
        name = fullname.rpartition(".")[2]
        for folder in self._folders if path is None else path:
            if not self._is_local(folder):
                continue
            package = os.path.join(folder, name)
            init = os.path.join(package, "__init__.py")
            if self._sources.has(init):
                return self._spec(fullname, init, package)
            if self._sources.has(f"{package}.py"):
                return self._spec(fullname, f"{package}.py", None)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:  # noqa: ARG002
        """Leaves it to Python."""
        return

    def exec_module(self, module: ModuleType) -> None:
        """Runs exactly the bytes that are recorded."""
        path = module.__file__ or ""
        data = self._sources.read(path)
        refuse_null_bytes(data, path)
        if path == self._entry:
            self.module = module
            self._run_script(data, module)
            return
        exec(compile(data, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102

    def _run_script(self, data: bytes, module: ModuleType) -> None:
        """Runs the module; where a statement that builds nothing fails, it goes on behind it."""
        tree = ast.parse(data, self._entry)
        self.left_out = leave_out_servers(tree)
        # A source may be nested three times as deep as a tree before Python refuses to compile it.
        source = tree if self.left_out else data
        code = compile(source, self._entry, "exec", dont_inherit=True)
        future = code.co_flags & _FUTURE_FLAGS
        while True:
            try:
                exec(code, module.__dict__)  # noqa: S102
                return
            except (Exception, SystemExit) as error:
                rest = rest_after(error, tree, self._entry)
                if rest is None:
                    raise next((one for one in self.skipped if is_refused(one)), error) from None
                self.skipped.append(error)
            tree = rest
            code = compile(tree, self._entry, "exec", flags=future, dont_inherit=True)

    def get_source(self, fullname: str) -> str:
        """Text of a module, for `inspect` and tracebacks: of a kept generation, not of the disk."""
        return decode_source(self._sources.read(self.get_filename(fullname)))

    def get_filename(self, fullname: str) -> str:
        """Path of a module of ours."""
        spec = getattr(sys.modules.get(fullname), "__spec__", None)
        if not isinstance(spec, importlib.machinery.ModuleSpec) or spec.loader is not self:
            raise ImportError(f"{fullname} is not a module of this agent.", name=fullname)
        return spec.origin or ""

    def _spec(self, name: str, path: str, package: str | None) -> importlib.machinery.ModuleSpec:
        spec = importlib.util.spec_from_file_location(
            name, path, loader=self, submodule_search_locations=[package] if package else None
        )
        if spec is None:
            raise ImportError(f"{path} cannot be imported.", name=name, path=path)
        return spec

    def _is_local(self, folder: str) -> bool:
        if "site-packages" in folder or f"{os.sep}.venv" in folder:
            return False
        return any(
            folder == own or folder.startswith(own + os.sep)
            for own in (self._folder, *self._folders)
        )


class _SameModule(importlib.abc.Loader):
    """Gives a module that is imported under another name already, or imports it under that."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: object = None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:  # noqa: ARG002
        """The very module."""
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It ran under its own name, which it keeps."""
        module.__spec__ = cast("importlib.machinery.ModuleSpec", self._spec)


def author_folders(load: ModuleLoad) -> list[str]:
    """
    Where helpers lie: beside the module, beside the file that it is a link to, and in the folders of the project that
    PYTHONPATH of its `.env` names, which begin at the module's. Absolute.
    """
    entry, folder = os.path.realpath(load["entry"]), os.path.realpath(load["folder"])
    end = os.sep + load["modulePath"]
    named = (
        load["env"].get("PYTHONPATH", "").split(os.pathsep) if load["entry"].endswith(end) else []
    )
    project = load["entry"][: -len(end)]
    roots = [os.path.realpath(os.path.join(folder, path)) for path in named if path]
    within = [root for root in roots if f"{root}{os.sep}".startswith(f"{project}{os.sep}")]
    return list(dict.fromkeys([folder, os.path.dirname(entry), *within]))
