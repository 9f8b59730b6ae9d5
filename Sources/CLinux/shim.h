#pragma once
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// The C library declares it only for GNU sources, which an importer of its module is not.
static inline int64_t linux_copy_file_range(
    int source, int64_t *source_offset, int target, int64_t *target_offset, uint64_t count) {
  return syscall(SYS_copy_file_range, source, source_offset, target, target_offset, count, 0);
}

// The C library has no function for it before version 2.42.
struct linux_open_how {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};

static const uint64_t linux_resolve_no_symlinks = 0x04;
static const uint64_t linux_resolve_beneath = 0x08;

static inline int linux_openat2(int folder, const char *path, uint64_t flags, uint64_t resolve) {
  struct linux_open_how how = {flags, 0, resolve};
  return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

// Declared for GNU sources only, as copy_file_range.
static inline int linux_syncfs(int file) { return (int)syscall(SYS_syncfs, file); }
