"""Small HTTP servers on 127.0.0.1 that answer as programs for language models do when they are asked for lists."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Routes = Mapping[str, object]
"""What each path answers: JSON, or a number for a status without content."""

OLLAMA: Routes = {
    "/v1/models": {"data": [{"id": "qwen3:4b", "owned_by": "library"}, {"id": "big:cloud", "owned_by": "library"}]},
    "/api/version": {"version": "0.13.2"},
    "/api/tags": {
        "models": [
            {
                "name": "qwen3:4b",
                "size": 2_600_000_000,
                "details": {"parameter_size": "4.0B", "quantization_level": "Q4_K_M"},
            },
            {"name": "big:cloud", "size": 384, "remote_host": "https://ollama.com:443"},
        ]
    },
    "/api/show": {"model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960}},
}
LM_STUDIO: Routes = {
    "/v1/models": {"data": [{"id": "qwen3-8b"}, {"id": "nomic-embed"}, {"id": "olmo-2-1b"}]},
    "/api/v0/models": {
        "data": [
            {"id": "qwen3-8b", "type": "llm", "quantization": "Q4_K_M", "max_context_length": 32768},
            {"id": "nomic-embed", "type": "embeddings", "quantization": "F16", "max_context_length": 2048},
            {
                "id": "olmo-2-1b",
                "type": "llm",
                "quantization": "8bit",
                "max_context_length": 4096,
                "loaded_context_length": 2048,
            },
        ]
    },
}
LLAMA_SERVER: Routes = {
    "/v1/models": {
        "data": [
            {
                "id": "granite.gguf",
                "owned_by": "llamacpp",
                "meta": {"n_ctx_train": 131072, "n_params": 3_400_000_000, "size": 2_099_000_000},
            }
        ]
    },
    "/props": {"default_generation_settings": {"n_ctx": 4096}},
}
VLLM: Routes = {"/v1/models": {"data": [{"id": "Qwen/Qwen3-8B", "owned_by": "vllm", "max_model_len": 16384}]}}
KOBOLD: Routes = {
    "/v1/models": {"data": [{"id": "koboldcpp/mistral-7b", "owned_by": "koboldcpp"}]},
    "/api/extra/true_max_context_length": {"value": 8192},
}


@contextmanager
def serving(*all_routes: Routes, asked: list[str] | None = None) -> Iterator[list[int]]:
    """Serve each of `all_routes` on a free port of 127.0.0.1; lend the ports. `asked` collects the paths."""
    with ExitStack() as stack:
        yield [stack.enter_context(_one(routes, asked)) for routes in all_routes]


@contextmanager
def _one(routes: Routes, asked: list[str] | None, port: int = 0) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if asked is not None:
                asked.append(self.path)
            answer = routes.get(self.path, 404)
            content = b"" if isinstance(answer, int) else json.dumps(answer).encode()
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
