"""The table of benchmarks, in the order in which they run."""

from benchmarks import (
    corpus_use,
    exports,
    first_paint,
    first_token_after_probing,
    first_token_while_probing,
    hostile_reply_key,
    hostile_reply_memory,
    key_echo,
    memory,
    probes_vs_limit,
    probes_vs_prefix_reuse,
    probes_vs_whole_prompts,
    reply_throughput,
    server_concurrency,
    steered_inside,
)

ROWS = (
    probes_vs_whole_prompts.ROW,
    probes_vs_prefix_reuse.ROW,
    probes_vs_limit.ROW,
    reply_throughput.ROW,
    steered_inside.REPLIES,
    steered_inside.KNOB,
    first_token_while_probing.ROW,
    first_token_after_probing.ROW,
    key_echo.ROW,
    hostile_reply_key.ROW,
    first_paint.ROW,
    server_concurrency.ROW,
    memory.ROW,
    *corpus_use.ROWS,
    *exports.ROWS,
    hostile_reply_memory.ROW,
)
