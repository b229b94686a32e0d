"""A local file that is there and cannot become part of a generation."""


class SourceReadError(ImportError):
    """`reason` completes a sentence that begins with the path; `code` and `hint` are those of the finding."""

    def __init__(self, file: str, *, code: str, reason: str, hint: str) -> None:
        super().__init__(f"{file} {reason}")
        self.file = file
        self.code = code
        self.reason = reason
        self.hint = hint
