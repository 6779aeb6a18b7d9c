#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

int cspawn_start(pid_t *pid, const struct cspawn_request *request) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int result = posix_spawn_file_actions_init(&actions);
    if (result != 0) return result;
    result = posix_spawnattr_init(&attributes);
    if (result != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return result;
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (request->directory) result = posix_spawn_file_actions_addchdir_np(&actions, request->directory);
    if (!result) result = posix_spawn_file_actions_adddup2(&actions, request->input, 0);
    if (!result) result = posix_spawn_file_actions_adddup2(&actions, request->output, 1);
    if (!result) result = posix_spawn_file_actions_adddup2(&actions, request->log, 2);
    if (!result) result = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (!result) result = posix_spawnattr_setsigmask(&attributes, &none);
    if (!result) result = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!result)
        result = posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (!result) result = posix_spawn(pid, request->path, &actions, &attributes, request->argv, request->envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

int cspawn_pipe(int descriptors[2], int own) {
    if (pipe2(descriptors, O_CLOEXEC) != 0) return errno;
    int flags = fcntl(descriptors[own], F_GETFL);
    if (flags < 0 || fcntl(descriptors[own], F_SETFL, flags | O_NONBLOCK) < 0) {
        int error = errno;
        close(descriptors[0]);
        close(descriptors[1]);
        return error;
    }
    return 0;
}

int cspawn_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int cspawn_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno; }

void cspawn_limit_arenas(int count) { mallopt(M_ARENA_MAX, count); }
