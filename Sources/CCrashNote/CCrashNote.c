#define _GNU_SOURCE
#include "CCrashNote.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char magic[8] = {'c', 'r', 'n', 'o', 't', 'e', '0', '1'};

struct slot {
    _Atomic uint64_t order; /* 0: free; UINT64_MAX: being written; else the number of the mark, later ones greater */
    void *task;             /* the Swift task that works on it, or NULL */
    uint32_t thread;        /* the thread that works on it, or 0 */
    uint32_t length;
    char key[CN_KEY];
};

struct cn_note {
    char magic[8];
    _Atomic uint64_t order;   /* the number of the last mark */
    _Atomic uint32_t stopped; /* 1 after an orderly stop */
    _Atomic uint32_t signal;  /* the signal of the fault */
    _Atomic uint32_t culprit; /* 1 + the slot at fault */
    char unused[4096 - 28];
    struct slot slots[CN_SLOTS];
};

_Static_assert(sizeof(struct slot) == 504, "the layout of the file");

#define WRITING UINT64_MAX

/* The task that the calling thread runs, which is a read of a thread-local variable. Part of the stable interface
   between the compiler and the concurrency library. */
__attribute__((swiftcall)) void *swift_task_getCurrent(void);

struct cn_note *cn_open(const char *path) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return NULL;
    struct stat status;
    int is_known = fstat(file, &status) == 0 && status.st_size == (off_t)sizeof(struct cn_note);
    if (!is_known && (ftruncate(file, 0) != 0 || ftruncate(file, sizeof(struct cn_note)) != 0)) goto failed;
    /* Blocks are reserved now: a store into a mapped hole of a full disk would be a SIGBUS. */
    int error = posix_fallocate(file, 0, sizeof(struct cn_note));
    if (error != 0 && error != EOPNOTSUPP && error != EINVAL) {
        errno = error;
        goto failed;
    }
    struct cn_note *note = mmap(NULL, sizeof(struct cn_note), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (note == MAP_FAILED) goto failed;
    close(file);
    if (memcmp(note->magic, magic, sizeof magic) != 0) {
        memset(note, 0, sizeof *note);
        memcpy(note->magic, magic, sizeof magic);
        note->stopped = 1;
    }
    return note;
failed:
    error = errno;
    close(file);
    errno = error;
    return NULL;
}

static _Atomic(struct cn_note *) watched;

void cn_close(struct cn_note *note) {
    struct cn_note *expected = note;
    atomic_compare_exchange_strong(&watched, &expected, NULL);
    munmap(note, sizeof *note);
}

int cn_was_stopped(const struct cn_note *note) { return note->stopped != 0; }

int cn_trap_signal(const struct cn_note *note) { return (int)note->signal; }

int cn_culprit(const struct cn_note *note) {
    uint32_t culprit = note->culprit;
    return culprit >= 1 && culprit <= CN_SLOTS ? (int)culprit - 1 : -1;
}

int cn_key(const struct cn_note *note, int slot, char *buffer) {
    if (slot < 0 || slot >= CN_SLOTS) return -1;
    const struct slot *at = &note->slots[slot];
    uint64_t order = at->order;
    if (order == 0 || order == WRITING || at->length > CN_KEY) return -1;
    memcpy(buffer, at->key, at->length);
    return (int)at->length;
}

void cn_start(struct cn_note *note) {
    for (int index = 0; index < CN_SLOTS; index++) note->slots[index].order = 0;
    note->culprit = 0;
    note->signal = 0;
    note->stopped = 0;
}

void cn_stop(struct cn_note *note) { note->stopped = 1; }

/* The stack on which this thread's faults are handled: an overflowing stack leaves no room for the handler. */
static pthread_key_t stack_key;
static pthread_once_t stack_once = PTHREAD_ONCE_INIT;
enum { stack_size = 64 << 10 };

static void give_stack(void *memory) {
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(memory, stack_size);
}

static void make_stack_key(void) { pthread_key_create(&stack_key, give_stack); }

static __thread uint32_t this_thread;
static __thread uint32_t next_slot;

__attribute__((noinline)) static void prepare_thread(void) {
    this_thread = (uint32_t)syscall(SYS_gettid);
    /* Threads begin their search at places of their own, so that they rarely meet. */
    next_slot = this_thread * 37 % CN_SLOTS;
    stack_t present;
    if (sigaltstack(NULL, &present) != 0 || !(present.ss_flags & SS_DISABLE)) return;
    pthread_once(&stack_once, make_stack_key);
    void *memory = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t own = {.ss_sp = memory, .ss_size = stack_size};
    if (sigaltstack(&own, NULL) == 0) {
        pthread_setspecific(stack_key, memory);
    } else {
        munmap(memory, stack_size);
    }
}

static uint32_t append(struct slot *slot, uint32_t length, const uint8_t *text, size_t count) {
    size_t room = CN_KEY - length;
    if (count > room) count = room;
    if (count > 0) memcpy(slot->key + length, text, count);
    return length + (uint32_t)count;
}

int cn_begin(struct cn_note *note, int thread, const uint8_t *kind, size_t kind_length, const uint8_t *namespace,
             size_t namespace_length, const uint8_t *name, size_t name_length, const uint8_t *uid, size_t uid_length) {
    if (this_thread == 0) prepare_thread();
    static const uint8_t zero[1] = {0};
    uint32_t index = next_slot;
    for (int tries = 0; tries < CN_SLOTS; tries++, index = (index + 1) % CN_SLOTS) {
        struct slot *slot = &note->slots[index];
        uint64_t free = 0;
        if (atomic_load_explicit(&slot->order, memory_order_relaxed) != 0 ||
            !atomic_compare_exchange_strong_explicit(&slot->order, &free, WRITING, memory_order_acquire,
                                                     memory_order_relaxed))
            continue;
        slot->task = thread ? NULL : swift_task_getCurrent();
        slot->thread = thread ? this_thread : 0;
        uint32_t length = append(slot, 0, kind, kind_length);
        length = append(slot, length, zero, 1);
        length = append(slot, length, namespace, namespace_length);
        length = append(slot, length, zero, 1);
        length = append(slot, length, name, name_length);
        if (uid_length > 0) {
            length = append(slot, length, zero, 1);
            length = append(slot, length, uid, uid_length);
        }
        slot->length = length;
        uint64_t order = atomic_fetch_add_explicit(&note->order, 1, memory_order_relaxed) + 1;
        atomic_store_explicit(&slot->order, order, memory_order_release);
        next_slot = index;
        return (int)index;
    }
    return -1;
}

void cn_end(struct cn_note *note, int slot) {
    if (slot < 0 || slot >= CN_SLOTS) return;
    atomic_store_explicit(&note->slots[slot].order, 0, memory_order_release);
}

static const int faults[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
enum { fault_count = sizeof faults / sizeof *faults };
static struct sigaction before[fault_count];

/* Only what is safe in a signal handler: reads of thread-local variables and stores into the mapping. */
static void note_fault(struct cn_note *note, int number) {
    uint32_t none = 0;
    /* The first fault is the cause; others come while the process dies of it. */
    if (!atomic_compare_exchange_strong(&note->signal, &none, (uint32_t)number)) return;
    void *task = swift_task_getCurrent();
    uint32_t thread = (uint32_t)syscall(SYS_gettid);
    uint64_t latest = 0;
    for (uint32_t index = 0; index < CN_SLOTS; index++) {
        const struct slot *slot = &note->slots[index];
        uint64_t order = atomic_load_explicit(&slot->order, memory_order_acquire);
        if (order == 0 || order == WRITING || order < latest) continue;
        if (slot->thread == thread || (task != NULL && slot->task == task)) {
            latest = order;
            note->culprit = index + 1;
        }
    }
}

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    /* A signal that somebody else sent says nothing about what is worked on. */
    int is_own = info->si_code > 0 || info->si_pid == getpid();
    struct cn_note *note = watched;
    if (note != NULL && is_own) note_fault(note, number);
    for (int index = 0; index < fault_count; index++) {
        if (faults[index] == number) sigaction(number, &before[index], NULL);
    }
    /* A faulting instruction faults again on return; what was sent is sent again. */
    if (info->si_code <= 0) raise(number);
}

void cn_watch_faults(struct cn_note *note) {
    static _Atomic int is_installed;
    atomic_store(&watched, note);
    if (atomic_exchange(&is_installed, 1) != 0) return;
    for (int index = 0; index < fault_count; index++) {
        struct sigaction action = {0};
        action.sa_sigaction = on_fault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigemptyset(&action.sa_mask);
        sigaction(faults[index], &action, &before[index]);
    }
}
