/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scenarios: a puppet (puppet.h) that presents one thing which no correct device presents, or
 * which happens rarely, and a driver under test (subject.h) that has to live with it. A
 * monitor (monitor.h) watches and gives the verdicts; what only the outcome shows is judged
 * beside it.
 *
 *     for (size_t i = 0; vmmio_scenario(i, &scenario); i++)
 *             for (unsigned s = 0; s < VMMIO_SETTINGS; s++)
 *                     if (scenario.settings & 1u << s)
 *                             err = vmmio_scenario_play(&(struct vmmio_play){
 *                                     .size = sizeof(struct vmmio_play),
 *                                     .scenario = scenario.name, .setting = s,
 *                                     .subject = &subject }, report);
 *
 * A driver that crashes, or that hangs without an access to the bus, takes the process
 * with it: `vmmio-conform puppet` has one for each play.
 */
#ifndef VMMIO_CONFORM_SCENARIO_H
#define VMMIO_CONFORM_SCENARIO_H

#include <vmmio/conform/monitor.h>
#include <vmmio/conform/subject.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the device is besides: its version, and whether it offers VIRTIO_F_RING_PACKED. */
enum vmmio_setting {
	VMMIO_V2_SPLIT,
	VMMIO_V2_PACKED,
	VMMIO_V3_SPLIT,
	VMMIO_V3_PACKED,
	VMMIO_SETTINGS /* how many there are */
};

/* "v2 split" */
VMMIO_CONFORM_API const char *vmmio_setting_name(enum vmmio_setting setting);

struct vmmio_scenario {
	const char *name;         /* "reset-never" */
	const char *topic;        /* "reset" */
	const char *title;        /* what the device presents, one line */
	const char *requirements; /* ids that it provokes, separated by blanks; "": none */
	uint32_t settings;        /* bit N: it is played in setting N */
	uint32_t device_id;       /* of drivers that it is for; 0: all */
};

/* Number i, from 0; false: there are no more. */
VMMIO_CONFORM_API bool vmmio_scenario(size_t i, struct vmmio_scenario *out);

struct vmmio_play {
	size_t size; /* sizeof(struct vmmio_play) */
	const char *scenario;
	enum vmmio_setting setting;
	const struct vmmio_subject *subject;
	/* The driver is waiting in vain after so many accesses and passes, or so much virtual time;
	 * 0: 100000, 1000 s. */
	uint32_t patience;
	uint64_t patience_ns;
	/* Of each access that the driver makes, once it is over; or NULL. */
	void (*access)(void *ctx, const struct vmmio_monitor_access *access);
	void *ctx;
};

/* What vmmio_scenario_play returns, these bits or 0. */
enum vmmio_play_end {
	/* The driver still waited when its patience was over. It was left by a longjmp out
	 * of bus->pass, ->read or ->write, and must not be used any more, not even closed. */
	VMMIO_PLAY_WAITS = 1,
	/* The driver does not work with a correct device of this setting, so that there was
	 * nothing to judge. */
	VMMIO_PLAY_NOT_UP = 2,
};

/*
 * Plays it: first the driver is brought up on a correct device of this setting, then comes the
 * scenario. Adds to the report, under the scenario's name: a result for each requirement that
 * came up or that the scenario is about, and a note of what happened.
 *
 * enum vmmio_play_end, or -EINVAL: the play is not usable; -ENOENT: there is no such scenario,
 * or it is not for this setting or this driver's device type; -ENOMEM.
 */
VMMIO_CONFORM_API VMMIO_MUST_CHECK int vmmio_scenario_play(
	const struct vmmio_play *play, struct vmmio_conform_report *report);

#ifdef __cplusplus
}
#endif

#endif
