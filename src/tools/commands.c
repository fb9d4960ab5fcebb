/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands. */
#include "tools/tool.h"

const struct command tool_commands[] = {
	{"list", "the requirements, and the checks that judge them", list_main},
	{"run", "judge a device", run_main},
	{"mutants", "show that the suite finds broken devices", mutants_main},
	{"monitor", "judge a driver by a trace of what it did", monitor_main},
	{"puppet", "judge a driver, with devices that no correct device is", puppet_main},
	{0},
};
