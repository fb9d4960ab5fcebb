/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ttyS0: as much of a 16550 as Linux's driver asks for. What is sent goes out at once, so the
 * transmitter is always empty; what arrives waits until there is room in the receiver.
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <termios.h>

#include "machine.h"

enum { DATA, INTERRUPTS, IDENTITY, LINE, MODEM, LINE_STATUS, MODEM_STATUS, SCRATCH };
enum { ON_DATA = 1, ON_EMPTY = 2 };                                 /* Interrupts */
enum { NO_INTERRUPT = 1, IS_EMPTY = 2, IS_DATA = 4, FIFOS = 0xc0 }; /* Identity */
enum { DIVISOR_ACCESS = 0x80 };                                     /* Line */
enum { LOOP = 0x10 };                                               /* Modem */
enum { HAS_DATA = 1, SENT = 0x60 };                                 /* Line status */
enum { CARRIER_READY_CLEAR = 0xb0 };                                /* Modem status */

enum { ROOM = 16 };

struct serial {
	struct vm *vm;
	pthread_mutex_t lock;
	uint8_t registers[8], divisor[2];
	uint8_t arrived[ROOM];
	unsigned n_arrived;
	pthread_cond_t taken; /* from arrived */
	bool empty_pending, high;
	bool wired; /* there is a KVM machine whose interrupt this is */
	bool terminal, reads, stopping;
	int stop; /* eventfd: stopping is set */
	atomic_bool lost; /* output */
	pthread_t reader;
};

/* How the terminal was. Of the process, as the terminal is: whoever ends it finds this. */
static struct termios before;
static atomic_bool is_raw;

/* --- Registers: called with the lock held ------------------------------------------------- */

static uint8_t identity(const struct serial *s)
{
	if (s->registers[INTERRUPTS] & ON_DATA && s->n_arrived)
		return FIFOS | IS_DATA;
	if (s->registers[INTERRUPTS] & ON_EMPTY && s->empty_pending)
		return FIFOS | IS_EMPTY;
	return FIFOS | NO_INTERRUPT;
}

static void update_line(struct serial *s)
{
	bool high = !(identity(s) & NO_INTERRUPT);

	if (s->wired && high != s->high) {
		kvm_line(s->vm, SERIAL_IRQ, high);
		s->high = high;
	}
}

static uint8_t take(struct serial *s)
{
	uint8_t byte = s->arrived[0];

	if (!s->n_arrived)
		return 0;
	memmove(s->arrived, s->arrived + 1, --s->n_arrived);
	pthread_cond_signal(&s->taken);
	return byte;
}

/* In a loop the outputs come back as inputs. */
static uint8_t modem_status(uint8_t modem)
{
	if (!(modem & LOOP))
		return CARRIER_READY_CLEAR;
	return (uint8_t)((modem & 0xc) << 4 | (modem & 2) << 3 | (modem & 1) << 5);
}

static uint8_t read_register(struct serial *s, unsigned offset)
{
	uint8_t value;

	if (offset <= INTERRUPTS && s->registers[LINE] & DIVISOR_ACCESS)
		return s->divisor[offset];
	switch (offset) {
	case DATA:
		return take(s);
	case IDENTITY:
		value = identity(s);
		if (value & IS_EMPTY)
			s->empty_pending = false;
		return value;
	case LINE_STATUS:
		return SENT | (s->n_arrived ? HAS_DATA : 0);
	case MODEM_STATUS:
		return modem_status(s->registers[MODEM]);
	}
	return s->registers[offset];
}

/* true: value is to be sent. */
static bool write_register(struct serial *s, unsigned offset, uint8_t value)
{
	if (offset <= INTERRUPTS && s->registers[LINE] & DIVISOR_ACCESS) {
		s->divisor[offset] = value;
		return false;
	}
	if (offset == DATA)
		s->empty_pending = true;
	else if (offset == INTERRUPTS)
		s->empty_pending |= value & ~s->registers[INTERRUPTS] & ON_EMPTY;
	s->registers[offset] = value;
	return offset == DATA && !(s->registers[MODEM] & LOOP);
}

/* --- Used by the vCPUs ---------------------------------------------------------------------- */

/* Waits until standard output takes it, but no longer than the boot lasts. */
static void send_byte(struct serial *s, uint8_t byte)
{
	struct pollfd fds[] = {
		{.fd = STDOUT_FILENO, .events = POLLOUT}, {.fd = s->vm->ended, .events = POLLIN}};
	ssize_t sent;

	do {
		while (poll(fds, 2, -1) < 0)
			;
		sent = fds[0].revents ? write(STDOUT_FILENO, &byte, 1) : 1;
	} while (sent < 0 && (errno == EINTR || errno == EAGAIN));
	if (sent < 0 && !atomic_exchange(&s->lost, true))
		fail("standard output: %s; what the guest says on ttyS0 is lost", strerror(errno));
}

uint8_t serial_read(struct serial *s, unsigned offset)
{
	uint8_t value;

	pthread_mutex_lock(&s->lock);
	value = read_register(s, offset);
	update_line(s);
	pthread_mutex_unlock(&s->lock);
	return value;
}

void serial_write(struct serial *s, unsigned offset, uint8_t value)
{
	bool sends;

	pthread_mutex_lock(&s->lock);
	sends = write_register(s, offset, value);
	update_line(s);
	pthread_mutex_unlock(&s->lock);
	if (sends) /* without the lock: this may last, and Ctrl-A x has to be seen meanwhile */
		send_byte(s, value);
}

/* Registers as after power-on, the line low. */
void serial_connect(struct serial *s, bool wired)
{
	pthread_mutex_lock(&s->lock);
	memset(s->registers, 0, sizeof(s->registers));
	s->empty_pending = s->high = false;
	s->wired = wired;
	pthread_mutex_unlock(&s->lock);
}

/* --- Input ---------------------------------------------------------------------------------- */

/* false: there is no more. */
static bool next_byte(struct serial *s, uint8_t *byte)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = s->stop, .events = POLLIN}};
	ssize_t got;

	do {
		while (poll(fds, 2, -1) < 0)
			;
		got = fds[1].revents ? 0 : read(STDIN_FILENO, byte, 1);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	return got == 1;
}

/* A pipe waits for a guest that does not read; a key is lost, or Ctrl-A x would wait as well. */
static void arrive(struct serial *s, uint8_t byte)
{
	pthread_mutex_lock(&s->lock);
	while (s->n_arrived == ROOM && !s->terminal && !s->stopping)
		pthread_cond_wait(&s->taken, &s->lock);
	if (s->n_arrived < ROOM)
		s->arrived[s->n_arrived++] = byte;
	update_line(s);
	pthread_mutex_unlock(&s->lock);
}

static void *read_input(void *arg)
{
	struct serial *s = arg;
	bool escaped = false;
	uint8_t byte;

	while (next_byte(s, &byte)) {
		bool command = escaped;

		escaped = s->terminal && byte == 1 && !command; /* Ctrl-A */
		if (command && byte == 'x')
			vm_quit(s->vm);
		else if (!escaped)
			arrive(s, byte);
	}
	return NULL;
}

static void stop_reading(struct serial *s)
{
	uint64_t one = 1;

	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->taken);
	pthread_mutex_unlock(&s->lock);
	if (write(s->stop, &one, sizeof(one)) < 0)
		fail("eventfd: %s", strerror(errno));
	pthread_join(s->reader, NULL);
}

/* Keys go to the guest, which echoes them. */
static void take_terminal(struct serial *s)
{
	struct termios raw;

	s->terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
	if (!s->terminal)
		return;
	raw = before;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* for what the VMM itself says */
	atomic_store(&is_raw, true);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void serial_restore_terminal(void)
{
	if (atomic_exchange(&is_raw, false))
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

struct serial *serial_create(struct vm *vm)
{
	struct serial *s = calloc(1, sizeof(*s));
	int error = s ? 0 : ENOMEM;

	if (s) {
		s->vm = vm;
		pthread_mutex_init(&s->lock, NULL);
		pthread_cond_init(&s->taken, NULL);
		s->stop = eventfd(0, EFD_CLOEXEC);
		take_terminal(s);
		error = s->stop < 0 ? errno : pthread_create(&s->reader, NULL, read_input, s);
		s->reads = !error;
	}
	if (!error)
		return s;
	fail("ttyS0: %s", strerror(error));
	serial_destroy(s);
	return NULL;
}

void serial_destroy(struct serial *s)
{
	if (!s)
		return;
	if (s->reads)
		stop_reading(s);
	serial_restore_terminal();
	if (s->stop >= 0)
		close(s->stop);
	pthread_cond_destroy(&s->taken);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
