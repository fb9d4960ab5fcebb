/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers of the virtio specification (1.4, with the version 3 change of the
 * MMIO transport). Facts only: no behaviour lives here, which is why the
 * device, the test driver and the conformance suite may all share it.
 */
#ifndef VMMIO_SPEC_H
#define VMMIO_SPEC_H

#include <stdint.h>

/* --- Registers: byte offsets into the MMIO window -------------------------- */
#define VMMIO_REG_MAGIC 0x000
#define VMMIO_REG_VERSION 0x004
#define VMMIO_REG_DEVICE_ID 0x008
#define VMMIO_REG_VENDOR_ID 0x00c
#define VMMIO_REG_DEVICE_FEATURES 0x010
#define VMMIO_REG_DEVICE_FEATURES_SEL 0x014
#define VMMIO_REG_DRIVER_FEATURES 0x020
#define VMMIO_REG_DRIVER_FEATURES_SEL 0x024
#define VMMIO_REG_QUEUE_SEL 0x030
#define VMMIO_REG_QUEUE_SIZE_MAX 0x034
#define VMMIO_REG_QUEUE_SIZE 0x038
#define VMMIO_REG_QUEUE_READY 0x044
#define VMMIO_REG_QUEUE_NOTIFY 0x050
#define VMMIO_REG_INTERRUPT_STATUS 0x060
#define VMMIO_REG_INTERRUPT_ACK 0x064
#define VMMIO_REG_STATUS 0x070
#define VMMIO_REG_QUEUE_DESC_LOW 0x080
#define VMMIO_REG_QUEUE_DESC_HIGH 0x084
#define VMMIO_REG_QUEUE_DRIVER_LOW 0x090
#define VMMIO_REG_QUEUE_DRIVER_HIGH 0x094
#define VMMIO_REG_QUEUE_DEVICE_LOW 0x0a0
#define VMMIO_REG_QUEUE_DEVICE_HIGH 0x0a4
#define VMMIO_REG_SHM_SEL 0x0ac
#define VMMIO_REG_SHM_LEN_LOW 0x0b0
#define VMMIO_REG_SHM_LEN_HIGH 0x0b4
#define VMMIO_REG_SHM_BASE_LOW 0x0b8
#define VMMIO_REG_SHM_BASE_HIGH 0x0bc
#define VMMIO_REG_QUEUE_RESET 0x0c0
#define VMMIO_REG_CONFIG_GENERATION 0x0fc
#define VMMIO_REG_CONFIG 0x100

#define VMMIO_MAGIC 0x74726976u /* "virt" */

/* --- Status ---------------------------------------------------------------- */
#define VMMIO_STATUS_ACKNOWLEDGE 0x01u
#define VMMIO_STATUS_DRIVER 0x02u
#define VMMIO_STATUS_DRIVER_OK 0x04u
#define VMMIO_STATUS_FEATURES_OK 0x08u
#define VMMIO_STATUS_SUSPEND 0x10u
#define VMMIO_STATUS_NEEDS_RESET 0x40u
#define VMMIO_STATUS_FAILED 0x80u

/* --- InterruptStatus ------------------------------------------------------- */
#define VMMIO_INT_USED_BUFFER 0x1u
#define VMMIO_INT_CONFIG_CHANGE 0x2u
#define VMMIO_INT_ALL 0x3u

/* --- Device-independent feature bits (bit numbers) -------------------------- */
#define VMMIO_F_INDIRECT_DESC 28
#define VMMIO_F_EVENT_IDX 29
#define VMMIO_F_VERSION_1 32
#define VMMIO_F_ACCESS_PLATFORM 33
#define VMMIO_F_RING_PACKED 34
#define VMMIO_F_IN_ORDER 35
#define VMMIO_F_ORDER_PLATFORM 36
#define VMMIO_F_SR_IOV 37
#define VMMIO_F_NOTIFICATION_DATA 38
#define VMMIO_F_NOTIF_CONFIG_DATA 39
#define VMMIO_F_RING_RESET 40
#define VMMIO_F_ADMIN_VQ 41
#define VMMIO_F_SUSPEND 43

/* Features are two 64-bit words: bit N is bit N % 64 of word N / 64. */
#define VMMIO_FEATURE_WORDS 2
#define VMMIO_FEATURE(bit) (UINT64_C(1) << ((bit) % 64))

/* --- Virtqueues ------------------------------------------------------------ */
#define VMMIO_QUEUE_SIZE_LIMIT 32768u

#define VMMIO_DESC_F_NEXT 0x1u
#define VMMIO_DESC_F_WRITE 0x2u
#define VMMIO_DESC_F_INDIRECT 0x4u
#define VMMIO_DESC_F_AVAIL 0x80u  /* packed */
#define VMMIO_DESC_F_USED 0x8000u /* packed */

#define VMMIO_AVAIL_F_NO_INTERRUPT 0x1u
#define VMMIO_USED_F_NO_NOTIFY 0x1u

/* Packed event suppression flags. */
#define VMMIO_EVENT_F_ENABLE 0x0u
#define VMMIO_EVENT_F_DISABLE 0x1u
#define VMMIO_EVENT_F_DESC 0x2u

/* All fields below are little endian in guest memory. */
struct vmmio_split_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct vmmio_split_used_elem {
	uint32_t id;
	uint32_t len;
};

struct vmmio_packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};

struct vmmio_packed_event {
	uint16_t off_wrap; /* offset in bits 0-14, wrap counter in bit 15 */
	uint16_t flags;
};

/* Little endian conversion, both directions. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static inline uint16_t vmmio_le16(uint16_t v) { return __builtin_bswap16(v); }
static inline uint32_t vmmio_le32(uint32_t v) { return __builtin_bswap32(v); }
static inline uint64_t vmmio_le64(uint64_t v) { return __builtin_bswap64(v); }
#else
static inline uint16_t vmmio_le16(uint16_t v) { return v; }
static inline uint32_t vmmio_le32(uint32_t v) { return v; }
static inline uint64_t vmmio_le64(uint64_t v) { return v; }
#endif

/* --- Device types ---------------------------------------------------------- */
#define VMMIO_ID_NET 1
#define VMMIO_ID_BLOCK 2
#define VMMIO_ID_CONSOLE 3
#define VMMIO_ID_ENTROPY 4

/* --- Block device ---------------------------------------------------------- */
#define VMMIO_BLK_F_SIZE_MAX 1
#define VMMIO_BLK_F_SEG_MAX 2
#define VMMIO_BLK_F_GEOMETRY 4
#define VMMIO_BLK_F_RO 5
#define VMMIO_BLK_F_BLK_SIZE 6
#define VMMIO_BLK_F_FLUSH 9
#define VMMIO_BLK_F_TOPOLOGY 10
#define VMMIO_BLK_F_CONFIG_WCE 11
#define VMMIO_BLK_F_MQ 12
#define VMMIO_BLK_F_DISCARD 13
#define VMMIO_BLK_F_WRITE_ZEROES 14

/* Offsets into the configuration space. */
#define VMMIO_BLK_CFG_CAPACITY 0
#define VMMIO_BLK_CFG_SIZE_MAX 8
#define VMMIO_BLK_CFG_SEG_MAX 12
#define VMMIO_BLK_CFG_GEOMETRY 16
#define VMMIO_BLK_CFG_BLK_SIZE 20
#define VMMIO_BLK_CFG_TOPOLOGY 24
#define VMMIO_BLK_CFG_WRITEBACK 32
#define VMMIO_BLK_CFG_NUM_QUEUES 34
#define VMMIO_BLK_CFG_MAX_DISCARD_SECTORS 36
#define VMMIO_BLK_CFG_MAX_DISCARD_SEG 40
#define VMMIO_BLK_CFG_DISCARD_ALIGNMENT 44
#define VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SECTORS 48
#define VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SEG 52
#define VMMIO_BLK_CFG_WRITE_ZEROES_MAY_UNMAP 56
#define VMMIO_BLK_CFG_SIZE 60

#define VMMIO_BLK_T_IN 0
#define VMMIO_BLK_T_OUT 1
#define VMMIO_BLK_T_FLUSH 4
#define VMMIO_BLK_T_GET_ID 8
#define VMMIO_BLK_T_DISCARD 11
#define VMMIO_BLK_T_WRITE_ZEROES 13

#define VMMIO_BLK_S_OK 0
#define VMMIO_BLK_S_IOERR 1
#define VMMIO_BLK_S_UNSUPP 2

#define VMMIO_BLK_SECTOR 512u
#define VMMIO_BLK_ID_BYTES 20u
#define VMMIO_BLK_WZ_UNMAP 0x1u

struct vmmio_blk_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

/* One segment of a discard or write zeroes request. */
struct vmmio_blk_segment {
	uint64_t sector;
	uint32_t num_sectors;
	uint32_t flags;
};

/* --- Console device -------------------------------------------------------- */
#define VMMIO_CONSOLE_F_SIZE 0
#define VMMIO_CONSOLE_F_MULTIPORT 1
#define VMMIO_CONSOLE_F_EMERG_WRITE 2

/* Offsets into the configuration space. */
#define VMMIO_CONSOLE_CFG_COLS 0
#define VMMIO_CONSOLE_CFG_ROWS 2
#define VMMIO_CONSOLE_CFG_MAX_NR_PORTS 4
#define VMMIO_CONSOLE_CFG_EMERG_WR 8
#define VMMIO_CONSOLE_CFG_SIZE 12

/* Queues of the first port. */
#define VMMIO_CONSOLE_RECEIVEQ 0
#define VMMIO_CONSOLE_TRANSMITQ 1

#endif
