# SPDX-License-Identifier: BSD-3-Clause
set(executor_sources executor/executor.c executor/deadlines.c executor/pool.c executor/pool_threads.c
  executor/manual.c)
