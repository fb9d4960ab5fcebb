/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the monitor knows: what driver and device have said so far, and what became of each
 * rule. Rules read it; state.c and the ring files change it, after the rules were asked.
 */
#ifndef VMMIO_CONFORM_MONITOR_STATE_H
#define VMMIO_CONFORM_MONITOR_STATE_H

#include <pthread.h>
#include <vmmio/conform/monitor.h>
#include <vmmio/observer.h>
#include <vmmio/spec.h>

#include "conform/monitor/rings.h"

#define MAX_QUEUES 256u /* that are followed */
#define WORDS 4u        /* feature words of 32 bits */
#define HISTORY 12u     /* accesses that a failure shows */
#define CONFIG_BYTES 256u

/* --- Occasions ------------------------------------------------------------------------- */

enum occasion {
	ON_READ = 1u << 0,
	ON_WRITE = 1u << 1,
	ON_VIEW = 1u << 2,    /* a ring was looked at */
	ON_CHAIN = 1u << 3,   /* a chain that was not there at the look before */
	ON_REQUEST = 1u << 4, /* the same as a block request */
	ON_ALTERED = 1u << 5, /* descriptors that the device has were looked at again */
	ON_OWED = 1u << 6,    /* a notification that is due was given, or is long overdue */
	ON_END = 1u << 7,
};
#define ON_ACCESS (ON_READ | ON_WRITE)

/* Where an access goes that is not a proper one to a control register. */
#define REG_CONFIG VMMIO_REG_CONFIG
#define REG_NONE 0xffffffffu

struct queue;
struct chain;

/* A chain of a block device, as a request. */
struct request {
	uint32_t type;
	uint64_t sector;
	uint64_t out, in; /* bytes of data */
	uint32_t n_data;  /* elements with data in them */
	bool indirect;
	const uint8_t *data; /* what is known of the data that the device reads */
	uint32_t n_known;    /* bytes of it */
};

/* What a rule is asked about. The access before it is taken into the state. */
struct scene {
	enum occasion on;
	uint64_t offset, value;
	uint32_t size;
	uint32_t reg;        /* 4 bytes and aligned: the register; REG_CONFIG; else REG_NONE */
	uint32_t low;        /* value as 32 bits */
	struct queue *queue; /* selected, notified, or looked at; NULL: not followed */
	const struct chain *chain;
	const struct request *request;
	bool altered; /* ON_ALTERED: they are not as they were */
	bool late;    /* ON_OWED: it did not come */
};

static inline bool reads(const struct scene *s, uint32_t reg)
{
	return s->on == ON_READ && s->reg == reg;
}

static inline bool writes(const struct scene *s, uint32_t reg)
{
	return s->on == ON_WRITE && s->reg == reg;
}

/* --- Rules --------------------------------------------------------------------------------- */

struct vmmio_monitor;

enum rule_flags {
	/* Asked too when the device is one that a driver has to leave alone. */
	RULE_ALWAYS = 1u << 0,
	RULE_SHOULD = 1u << 1,
	/* What a skip says is missing. */
	RULE_MEMORY = 1u << 2,
	RULE_V3 = 1u << 3,
	RULE_SPLIT = 1u << 4,
	RULE_PACKED = 1u << 5,
	RULE_BLOCK = 1u << 6,
	RULE_ENTROPY = 1u << 7,
	RULE_TYPE = 1u << 8, /* a device type that the monitor knows */
};

struct rule {
	const char *id;
	unsigned on; /* occasions */
	unsigned flags;
	void (*ask)(struct vmmio_monitor *m, const struct scene *s);
	const char *implies; /* NULL: nothing */
};

/* One file of rules. */
struct rule_group {
	const struct rule *rules;
	size_t n;
};

#define RULE_GROUP(rules)                                                                          \
	{                                                                                          \
		rules, sizeof(rules) / sizeof((rules)[0])                                          \
	}

extern const struct rule_group monitor_probe_rules, monitor_access_rules, monitor_reset_rules,
	monitor_queue_rules, monitor_interrupt_rules, monitor_config_rules, monitor_status_rules,
	monitor_feature_rules, monitor_suspend_rules, monitor_memory_rules, monitor_split_rules,
	monitor_notify_rules, monitor_packed_rules, monitor_block_rules;

extern const struct rule_group *const monitor_groups[];
extern const size_t monitor_n_groups;
size_t monitor_n_rules(void);
/* NULL: there is none. */
const struct rule *monitor_rule_at(size_t i);

/* --- Verdicts ------------------------------------------------------------------------------ */

#define COMPLAINTS 3u /* different ones of a rule that are kept */

struct complaint {
	char *text;
	unsigned times;
};

struct verdict {
	uint64_t kept;
	uint64_t broken;
	struct complaint complaints[COMPLAINTS];
	unsigned n_complaints;
	char *accesses;
};

/*
 * Is the rule that is asked kept, on this occasion? The rest says what was expected and
 * seen, as printf wants it. Returns ok.
 */
bool expect(struct vmmio_monitor *m, bool ok, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* It is, and what it saw needs no words. */
void kept(struct vmmio_monitor *m);

/* --- Queues -------------------------------------------------------------------------------- */

enum queue_state {
	QUEUE_OFF,
	QUEUE_READY,
	QUEUE_STOPPING,  /* 0 was written to QueueReady and not read back */
	QUEUE_RESETTING, /* 1 was written to QueueReset, 0 not read */
};

/* Bits of struct queue.written. */
enum {
	WROTE_SIZE = 1u << 0,
	WROTE_ADDRESS = 1u << 1, /* and the five after it */
	WROTE_LEAST = 0x2bu,     /* size and the lower halves of the addresses */
};

struct queue {
	uint16_t index;
	enum queue_state state;
	uint32_t size_max, size;
	bool size_max_known;
	uint32_t address[6];    /* desc low, high, driver low, high, device low, high */
	unsigned written;       /* since it was stopped */
	unsigned first_written; /* when it was enabled for the first time */
	bool was_reset, was_enabled;
	bool changed; /* size or an address was written since it was enabled */
	/* Ticks of the last ... since it was stopped; 0: none. */
	uint64_t read_ready, read_max, wrote_size, wrote_first_address, wrote_last_address;
	uint64_t ready_value; /* that read_ready gave */

	/* Followed in memory: */
	bool followed; /* enabled, with features that are known */
	bool lost;     /* until it is enabled anew */
	bool packed;
	uint32_t ring_size; /* as it was enabled, whatever is written to the registers later */
	uint64_t areas[3];
	struct exposed *exposed; /* the oldest first */
	struct exposed **tail;
	struct view view, before;   /* the last look, and the one before */
	struct view kick, unkicked; /* the same when the queue was notified */
	/* Of packed rings descriptors, as numbers that only grow; of split ones entries modulo
	 * 2^16. */
	uint64_t avail, used;
	bool kicked;          /* kick is of the notification that will be told next */
	uint64_t notified[2]; /* avail at the last notification, and the one before */
	bool owes;            /* a notification */
	bool owes_by_event;   /* avail_event says so and flags alone would not (SPLIT-DRV-23) */
	bool owes_by_flags;   /* flags say so and avail_event would not (SPLIT-DRV-20) */
	uint64_t owed_since, owed_time; /* tick, time */
	uint16_t told_used;             /* used idx at the last used buffer notification */
};

/* --- Everything ------------------------------------------------------------------------------ */

enum ident {
	IDENT_UNKNOWN, /* not all registers were read, none is wrong */
	IDENT_GOOD,
	IDENT_BAD_MAGIC,
	IDENT_BAD_VERSION,
	IDENT_NO_DEVICE,
};

enum { SEEN_MAGIC = 1u, SEEN_VERSION = 2u, SEEN_ID = 4u, SEEN_ALL = 7u };

/* Steps of the initialisation that were taken since the last reset. */
enum {
	STEP_RESET = 1u << 0,
	STEP_ACKNOWLEDGE = 1u << 1,
	STEP_DRIVER = 1u << 2,
	STEP_FEATURES_READ = 1u << 3,
	STEP_FEATURES_WRITTEN = 1u << 4,
	STEP_FEATURES_OK = 1u << 5,
	STEP_REREAD = 1u << 6,
	STEP_QUEUE = 1u << 7,
	STEP_DRIVER_OK = 1u << 8,
	STEP_FAILED = 1u << 9,
};

enum suspend { RUNNING, SUSPENDING, RESUMING };

/* Configuration reads between two of ConfigGeneration, or outside of such. */
struct config_group {
	bool open;       /* there was a read of it in the group */
	bool guarded;    /* ConfigGeneration was read before it */
	bool several;    /* a part of a 64 bit field, or more than one field */
	uint32_t before; /* what it was */
	uint16_t field;  /* the last one, its offset */
	bool again;      /* the generation had changed: it has to be read again */
};

struct vmmio_monitor {
	struct vmmio_monitor_options options;
	struct vmmio_observer observer;
	pthread_mutex_t lock;
	char *name;
	struct verdict *verdicts;
	size_t rule; /* that is asked */
	bool finished;
	bool legacy; /* version 1, and legacy registers are used */
	bool saw_split, saw_packed, lost_a_queue;

	uint64_t tick; /* accesses so far */
	uint64_t time; /* of the last one */
	struct vmmio_monitor_access history[HISTORY];

	/* Identification. */
	enum ident ident;
	unsigned seen; /* in this round */
	bool first_round;
	bool late;                   /* the beginning is not known */
	uint32_t version, device_id; /* 0: unknown */

	/* Features. A word is known once it was read. */
	uint32_t offered[WORDS], accepted[WORDS], negotiated[WORDS];
	unsigned offer_known; /* bit per word */
	unsigned words_written;
	bool negotiated_known;
	bool device_sel_written, driver_sel_written;
	uint32_t device_sel, driver_sel;
	/* The offer that a driver took before, if there was one. */
	uint32_t good_offer[WORDS];
	bool good_offer_known;

	/* Status. */
	uint32_t status; /* as last written or read */
	bool status_known;
	bool resetting;               /* version 3: zero was written, not read back */
	bool zero_written, zero_read; /* since the last bring-up */
	unsigned steps;
	bool steps_known;
	bool steps_good; /* no step of this bring-up was out of order */
	bool refused;    /* FEATURES_OK did not stick */
	bool needs_reset;
	enum suspend suspend;
	bool suspend_read; /* Status was read since SUSPEND was set */

	/* Interrupts. */
	bool line_known, line, read_since_line;
	uint32_t backed;      /* bits whose cause was looked for since they were acknowledged */
	uint32_t shown;       /* read as set and not acknowledged */
	unsigned reads_of[2]; /* of InterruptStatus with the bit set, since */
	bool undefined_shown;
	uint32_t undefined;
	bool spurious;     /* the last used buffer notification had no used buffer */
	uint64_t odd_tick; /* when InterruptStatus was last read */
	bool capacity_due; /* a config change was acknowledged, capacity not read since */
	uint64_t capacity_tick;

	/* Configuration space, as the driver has read it. */
	uint8_t config[CONFIG_BYTES];
	uint8_t config_known[CONFIG_BYTES];
	struct config_group group;

	/* Queues. */
	uint32_t queue_sel;
	struct queue *queues[MAX_QUEUES]; /* NULL: none there yet */
	unsigned n_queues;
	bool queues_known;  /* whatever is ready was seen to be enabled */
	struct chain chain; /* the one that is walked */
};

/* --- state.c ------------------------------------------------------------------------------- */

/* Everything that was believed is forgotten. late: in the middle of a driver's life. */
void monitor_forget(struct vmmio_monitor *m, bool late);
/* The access as rules see it. */
struct scene monitor_scene(struct vmmio_monitor *m, const struct vmmio_monitor_access *access);
/* Takes the access into the state. */
void monitor_take(struct vmmio_monitor *m, const struct scene *s);
/* The device's host has reset it: the driver is back at the beginning. */
void monitor_host_reset(struct vmmio_monitor *m);
/* A driver may use the device. */
bool monitor_usable(const struct vmmio_monitor *m);

/* A feature of the device as it is negotiated, and words of features in general. */
bool negotiated(const struct vmmio_monitor *m, unsigned bit);
bool has_bit(const uint32_t *words, unsigned bit);
/* Is the word of this bit known, and the bit offered? */
bool is_offered(const struct vmmio_monitor *m, unsigned bit);
bool offer_known(const struct vmmio_monitor *m, unsigned bit);

/* The driver gives up, shortly after InterruptStatus showed something odd. */
bool gives_up_soon(const struct vmmio_monitor *m, const struct scene *s);
/* The driver is done with the configuration that it has read. */
bool config_done(const struct scene *s);
/* Status bits that this write adds to those there are. */
uint32_t new_status(const struct vmmio_monitor *m, const struct scene *s);
/* This write completes the features. */
bool sets_features_ok(const struct vmmio_monitor *m, const struct scene *s);
static inline bool sets(const struct vmmio_monitor *m, const struct scene *s, uint32_t bit)
{
	return (new_status(m, s) & bit) != 0;
}
/* DRIVER_OK was set and the device was not reset since. */
static inline bool live(const struct vmmio_monitor *m)
{
	return (m->steps & STEP_DRIVER_OK) && !m->resetting;
}

/* --- work.c ------------------------------------------------------------------------------- */

void monitor_take_interrupts(struct vmmio_monitor *m, const struct scene *s);
void monitor_take_config(struct vmmio_monitor *m, const struct scene *s);

/* --- queue.c ------------------------------------------------------------------------------- */

/* The queue of this index, made if need be; NULL: too many, or no memory. */
struct queue *monitor_queue(struct vmmio_monitor *m, uint32_t index);
void monitor_queue_take(struct vmmio_monitor *m, const struct scene *s);
/* It is stopped for good: nothing of it is with the device any more. */
void monitor_queue_stopped(struct queue *q);
void monitor_queues_stopped(struct vmmio_monitor *m);
void monitor_queues_free(struct vmmio_monitor *m);
/* An area: 0 Descriptor Area, 1 Driver Area, 2 Device Area. */
uint64_t queue_area(const struct queue *q, unsigned area);

/* --- look.c ---------------------------------------------------------------------------------- */

/* kicked: the queue that is being notified; NULL: none. */
void monitor_look(struct vmmio_monitor *m, struct queue *kicked);
/* The driver stops here: whoever was not notified by now never will be. */
void monitor_look_for_debts(struct vmmio_monitor *m);
/* The queue was enabled: what its rings hold from here on is followed. */
void monitor_follow(struct vmmio_monitor *m, struct queue *q);
/* The driver has notified the queue. */
void monitor_notified(struct vmmio_monitor *m, struct queue *q);
/* InterruptStatus shows a used buffer notification. */
void monitor_interrupted(struct vmmio_monitor *m);

/* --- verdict.c ------------------------------------------------------------------------------- */

/* Asks all rules that listen on this occasion. */
void monitor_ask(struct vmmio_monitor *m, const struct scene *s);
int monitor_report(struct vmmio_monitor *m, struct vmmio_conform_report **out);
void monitor_verdicts_free(struct vmmio_monitor *m);

#endif
