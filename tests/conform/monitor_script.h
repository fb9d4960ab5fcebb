/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver and its device as a script: what each of them does to registers and memory, one thing
 * on a line. A script is made of named parts (":name"), so that a broken driver is a good one with
 * other lines in place of one part ("@" among them stands for what was there).
 *
 *     r REG VALUE [SIZE]      the driver reads this; REG: a name, Config+OFFSET, or an offset
 *     w REG VALUE [SIZE]      ... writes this
 *     desc I ADDR LEN FLAGS NEXT     split: a descriptor
 *     avail HEAD...           split: the heads become available
 *     used ID LEN             split: a buffer comes back
 *     pdesc I ADDR LEN ID FLAGS      packed: a descriptor
 *     inner I ADDR LEN X Y    an entry of the indirect table; two 16 bit words behind len
 *     m16 ADDR VALUE, m32, m64       memory as such
 *     req ADDR TYPE SECTOR    a block request's header
 *     notify POSITION         the driver notifies queue 0; with NOTIFICATION_DATA the position goes
 *                             with it (bit 15: the wrap counter)
 *     look, kick QUEUE        vmmio_monitor_look, vmmio_monitor_notifying
 *     line 0|1                vmmio_monitor_line
 *     hostreset, gap          the functions of these names
 *     times N LINE            the line N times
 *
 * Numbers are hexadecimal. $NAME is a variable (struct script). Addresses are guest addresses.
 */
#ifndef VMMIO_TESTS_MONITOR_SCRIPT_H
#define VMMIO_TESTS_MONITOR_SCRIPT_H

#include <vmmio/conform/monitor.h>

#define SCRIPT_RAM UINT64_C(0x80000000)
#define SCRIPT_RAM_SIZE 0x8000u
/* Where queue 0 lies, an indirect table, and buffers. */
#define SCRIPT_DESC 0x80001000u
#define SCRIPT_AVAIL 0x80002000u
#define SCRIPT_USED 0x80003000u
#define SCRIPT_TABLE 0x80004000u
#define SCRIPT_SIZE 8u

struct script {
	const char *text;
	uint32_t version;    /* $V */
	uint32_t device;     /* $ID; 0: 2 */
	uint64_t offered;    /* $O0, $O1; 0: what is accepted */
	uint64_t accepted;   /* $A0, $A1 */
	bool no_memory;      /* the monitor gets none */
	uint32_t flags;      /* enum vmmio_monitor_flags */
	/* An edit: the lines that stand for this part; NULL: none. */
	const char *part, *lines;
};

/* Runs it. Fails the test on a line that it does not understand. */
struct vmmio_conform_report *script_run(const struct script *script);

/* The result of a requirement; fails the test if there is none. */
const struct vmmio_conform_result *script_result(
	const struct vmmio_conform_report *report, const char *id);

#endif
