# SPDX-License-Identifier: BSD-3-Clause
set(backends_sources backends/null.c backends/blk.c backends/blk_complete.c backends/blk_config.c
  backends/blk_image.c backends/blk_parse.c backends/blk_queue.c backends/blk_orphan.c backends/blk_request.c
  backends/rng.c backends/rng_fetch.c backends/rng_serve.c backends/rng_source.c
  backends/console.c backends/console_config.c backends/console_move.c backends/console_open.c
  backends/console_pump.c backends/console_stream.c)
