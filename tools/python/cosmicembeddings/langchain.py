"""A LangChain vector store over a memory; needs the extra `langchain`."""
import uuid
from typing import Any, Iterable, Sequence

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from .memory import open_memory


class CosmicVectorStore(VectorStore):
    """Documents as signed blocks of one's own key; scores are cosines, higher is nearer."""

    def __init__(self, embedding: Embeddings, collection: str = "langchain", **options: Any):
        """`options`: those of `open_memory`."""
        self._embedding = embedding
        self.memory = open_memory(embedder=embedding.embed_documents, collection=collection, **options)

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    def add_texts(self, texts: Iterable[str], metadatas: list[dict] | None = None, *, ids: Sequence[str | None] | None = None, **kwargs: Any) -> list[str]:
        texts = list(texts)
        names = [name or str(uuid.uuid4()) for name in (ids or [None] * len(texts))]
        # The same id twice in one call: the last one stands.
        last = {name: i for i, name in enumerate(names)}
        keep = sorted(last.values())
        if keep:
            metadatas = metadatas or [{}] * len(texts)
            self.memory.remember([texts[i] for i in keep], [names[i] for i in keep], [flatten(metadatas[i]) for i in keep])
        return names

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        if ids is None:
            self.memory.forget(everything=True)
        elif ids:
            self.memory.forget(ids)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return [document_of(item) for item in self.memory.get(list(ids))]

    def similarity_search(self, query: str, k: int = 4, filter: dict | None = None, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self.similarity_search_with_score(query, k, filter)]

    def similarity_search_with_score(self, query: str, k: int = 4, filter: dict | None = None, **kwargs: Any) -> list[tuple[Document, float]]:
        return self.similarity_search_by_vector_with_score(self._embedding.embed_query(query), k, filter)

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, filter: dict | None = None, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self.similarity_search_by_vector_with_score(embedding, k, filter)]

    def similarity_search_by_vector_with_score(self, embedding: list[float], k: int = 4, filter: dict | None = None) -> list[tuple[Document, float]]:
        return [(document_of(item), item.cosine) for item in self.memory.search(embedding, k, filter)]

    def _select_relevance_score_fn(self):
        return lambda near: (1 + near) / 2

    @classmethod
    def from_texts(cls, texts: list[str], embedding: Embeddings, metadatas: list[dict] | None = None, *, ids: list[str] | None = None, **kwargs: Any) -> "CosmicVectorStore":
        store = cls(embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store


def document_of(item) -> Document:
    return Document(id=item.id, page_content=item.text or "", metadata=nest(item.metadata))


def escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def flatten(metadata: dict) -> dict:
    """Nested keys as JSON pointers (RFC 6901), as the TypeScript store has them."""
    out: dict = {}

    def put(value: Any, path: list[str]) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                put(item, [*path, key])
        else:
            plain = len(path) == 1 and not path[0].startswith("/")
            out[path[0] if plain else "".join("/" + escape(step) for step in path)] = value

    put(metadata, [])
    return out


def nest(metadata: dict) -> dict:
    out: dict = {}
    for key, value in metadata.items():
        path = [step.replace("~1", "/").replace("~0", "~") for step in key[1:].split("/")] if key.startswith("/") else [key]
        at = out
        for step in path[:-1]:
            at = at.setdefault(step, {})
        at[path[-1]] = value
    return out
