"""The table of benchmarks, in the order in which they run."""

from benchmarks import (
    exports,
    first_paint,
    first_token_after_probing,
    first_token_while_probing,
    hostile_reply_key,
    hostile_reply_memory,
    key_echo,
    long_conversation,
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
    long_conversation.KEY,
    long_conversation.OPENING,
    first_paint.ROW,
    server_concurrency.ROW,
    memory.ROW,
    *exports.ROWS,
    hostile_reply_memory.ROW,
)
