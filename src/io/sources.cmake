# SPDX-License-Identifier: BSD-3-Clause
set(io_sources io/io.c io/plain.c io/thread.c io/transfer.c io/uring.c io/uring_ring.c)
