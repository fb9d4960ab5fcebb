# SPDX-License-Identifier: BSD-3-Clause
set(base_sources base/version.c)
