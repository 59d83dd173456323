"""Refusals, with the stable codes of specs/errors.md."""


class Refused(Exception):
    """`code` says what is wrong, `detail` what exactly, `advice` (of a node) what to do."""

    def __init__(self, code, detail="", advice="", retry=False):
        super().__init__(f"{code}: {detail}" + (f" {advice}" if advice else ""))
        self.code = code
        self.detail = detail
        self.advice = advice
        self.retry = retry
