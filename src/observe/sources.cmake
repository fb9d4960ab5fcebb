# SPDX-License-Identifier: BSD-3-Clause
set(observe_sources observe/trace.c observe/trace_format.c observe/trace_parse.c observe/replay.c
  observe/metrics.c observe/metrics_format.c observe/text.c)
