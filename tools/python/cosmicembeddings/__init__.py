"""Signed, sky-stamped blocks of embeddings: make, sign, stamp, verify, find."""
from .block import check, create_block, read, split
from .client import Client
from .errors import Refused
from .kinds import make_space, space_id
from .memory import Item, Memory, open_memory

__all__ = ["Client", "Item", "Memory", "Refused", "check", "create_block", "make_space", "open_memory", "read", "space_id", "split"]
