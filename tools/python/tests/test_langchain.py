"""LangChain's own suite for vector stores, against the node at COSMIC_NODE."""
import os
import uuid

import pytest
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from cosmicembeddings.langchain import CosmicVectorStore


class TestCosmicVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture()
    def vectorstore(self):
        return CosmicVectorStore(self.get_embeddings(), collection=f"suite {uuid.uuid4()}", node=os.environ["COSMIC_NODE"], key=b"\x07" * 32)
