// Counts what a process does to the files below one folder, and ends the process at a step of choice.
//
// Loaded by LD_PRELOAD in front of the C library. Every call that changes something below TEST_KILL_FOLDER takes the
// next number, once the file TEST_KILL_ARMED exists. TEST_KILL_TRACE gets a line per step: number, call, path. At
// number TEST_KILL_STEP the process gets SIGKILL, before or after the call itself (TEST_KILL_WHEN: before, after).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

static char folder[PATH_MAX];
static size_t folder_length;
static const char *armed_by;
static int trace = -1;
static long kill_step;
static int kills_after;
static atomic_int is_armed;
static atomic_long steps;

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

__attribute__((constructor)) static void prepare(void) {
  const char *path = getenv("TEST_KILL_FOLDER");
  if (path == NULL || realpath(path, folder) == NULL) return;
  armed_by = getenv("TEST_KILL_ARMED");
  const char *step = getenv("TEST_KILL_STEP");
  kill_step = step ? atol(step) : 0;
  const char *when = getenv("TEST_KILL_WHEN");
  kills_after = when && strcmp(when, "after") == 0;
  const char *lines = getenv("TEST_KILL_TRACE");
  if (lines) trace = REAL(open)(lines, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  folder_length = strlen(folder);
}

// The part of an absolute path from the folder on, or NULL.
static const char *below(const char *path) {
  if (folder_length == 0 || strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == 0) return ".";
  return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static int path_of(int file, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return 1;
}

static long next_step(const char *call, const char *name) {
  if (name == NULL) return 0;
  if (!atomic_load(&is_armed)) {
    if (armed_by && access(armed_by, F_OK) != 0) return 0;
    atomic_store(&is_armed, 1);
  }
  long step = atomic_fetch_add(&steps, 1) + 1;
  if (trace >= 0) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", step, call, name);
    if (REAL(write)(trace, line, (size_t)length) != length) abort();
  }
  return step;
}

static void end_process(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static long begin(const char *call, const char *name) {
  int kept = errno;
  long step = next_step(call, name);
  if (step != 0 && step == kill_step && !kills_after) end_process();
  errno = kept;
  return step;
}

static void end(long step) {
  if (step != 0 && step == kill_step && kills_after) end_process();
}

static long begin_file(const char *call, int file) {
  int kept = errno;
  char path[PATH_MAX];
  long step = folder_length && path_of(file, path) ? begin(call, below(path)) : 0;
  errno = kept;
  return step;
}

static long begin_at(const char *call, int at, const char *path) {
  int kept = errno;
  char whole[2 * PATH_MAX] = "";
  long step = 0;
  if (folder_length == 0 || path == NULL) return 0;
  if (path[0] == '/') {
    step = begin(call, below(path));
  } else if (at == AT_FDCWD ? getcwd(whole, PATH_MAX) != NULL : path_of(at, whole)) {
    strcat(whole, "/");
    strncat(whole, path, PATH_MAX - 1);
    step = begin(call, below(whole));
  }
  errno = kept;
  return step;
}

#define FILE_CALL(type, name, parameters, arguments, file) \
  type name parameters {                                   \
    long step = begin_file(#name, file);                   \
    type result = REAL(name) arguments;                    \
    end(step);                                             \
    return result;                                         \
  }

#define PATH_CALL(name, parameters, arguments, at, path) \
  int name parameters {                                  \
    long step = begin_at(#name, at, path);               \
    int result = REAL(name) arguments;                   \
    end(step);                                           \
    return result;                                       \
  }

FILE_CALL(int, fsync, (int file), (file), file)
FILE_CALL(int, fdatasync, (int file), (file), file)
FILE_CALL(int, syncfs, (int file), (file), file)
FILE_CALL(int, ftruncate, (int file, off_t size), (file, size), file)
FILE_CALL(int, ftruncate64, (int file, off64_t size), (file, size), file)
FILE_CALL(int, fchmod, (int file, mode_t mode), (file, mode), file)
FILE_CALL(int, fallocate, (int file, int mode, off_t at, off_t size), (file, mode, at, size), file)
FILE_CALL(int, fallocate64, (int file, int mode, off64_t at, off64_t size), (file, mode, at, size), file)
FILE_CALL(int, posix_fallocate, (int file, off_t at, off_t size), (file, at, size), file)
FILE_CALL(int, posix_fallocate64, (int file, off64_t at, off64_t size), (file, at, size), file)
FILE_CALL(ssize_t, write, (int file, const void *bytes, size_t size), (file, bytes, size), file)
FILE_CALL(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count), file)
FILE_CALL(
    ssize_t, pwrite, (int file, const void *bytes, size_t size, off_t at), (file, bytes, size, at), file)
FILE_CALL(
    ssize_t, pwrite64, (int file, const void *bytes, size_t size, off64_t at), (file, bytes, size, at), file)
FILE_CALL(
    ssize_t, pwritev, (int file, const struct iovec *parts, int count, off_t at), (file, parts, count, at), file)
FILE_CALL(
    ssize_t, pwritev64, (int file, const struct iovec *parts, int count, off64_t at), (file, parts, count, at),
    file)
FILE_CALL(
    ssize_t, pwritev2, (int file, const struct iovec *parts, int count, off_t at, int flags),
    (file, parts, count, at, flags), file)
FILE_CALL(
    ssize_t, copy_file_range,
    (int from, off64_t *from_at, int file, off64_t *at, size_t size, unsigned int flags),
    (from, from_at, file, at, size, flags), file)

PATH_CALL(rename, (const char *from, const char *to), (from, to), AT_FDCWD, to)
PATH_CALL(renameat, (int from_at, const char *from, int at, const char *to), (from_at, from, at, to), at, to)
PATH_CALL(
    renameat2, (int from_at, const char *from, int at, const char *to, unsigned int flags),
    (from_at, from, at, to, flags), at, to)
PATH_CALL(link, (const char *from, const char *to), (from, to), AT_FDCWD, to)
PATH_CALL(
    linkat, (int from_at, const char *from, int at, const char *to, int flags), (from_at, from, at, to, flags),
    at, to)
PATH_CALL(unlink, (const char *path), (path), AT_FDCWD, path)
PATH_CALL(unlinkat, (int at, const char *path, int flags), (at, path, flags), at, path)
PATH_CALL(rmdir, (const char *path), (path), AT_FDCWD, path)
PATH_CALL(mkdir, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
PATH_CALL(mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), at, path)
PATH_CALL(chmod, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
PATH_CALL(fchmodat, (int at, const char *path, mode_t mode, int flags), (at, path, mode, flags), at, path)
PATH_CALL(creat, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)

// Opening a file is a step when it may make or empty it.
static int changes(int flags) { return flags & (O_CREAT | O_TRUNC); }

static mode_t mode_of(int flags, va_list more) {
  int has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return has_mode ? va_arg(more, mode_t) : 0;
}

#define OPEN_CALL(name)                                                          \
  int name(const char *path, int flags, ...) {                                   \
    va_list more;                                                                \
    va_start(more, flags);                                                       \
    mode_t mode = mode_of(flags, more);                                          \
    va_end(more);                                                                \
    long step = changes(flags) ? begin_at(#name, AT_FDCWD, path) : 0;            \
    int result = REAL(name)(path, flags, mode);                                  \
    end(step);                                                                   \
    return result;                                                               \
  }

#define OPENAT_CALL(name)                                                        \
  int name(int at, const char *path, int flags, ...) {                           \
    va_list more;                                                                \
    va_start(more, flags);                                                       \
    mode_t mode = mode_of(flags, more);                                          \
    va_end(more);                                                                \
    long step = changes(flags) ? begin_at(#name, at, path) : 0;                  \
    int result = REAL(name)(at, path, flags, mode);                              \
    end(step);                                                                   \
    return result;                                                               \
  }

OPEN_CALL(open)
OPEN_CALL(open64)
OPENAT_CALL(openat)
OPENAT_CALL(openat64)
