#pragma once
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// The C library declares it only for GNU sources, which an importer of its module is not.
static inline int64_t linux_copy_file_range(
    int source, int64_t *source_offset, int target, int64_t *target_offset, uint64_t count) {
  return syscall(SYS_copy_file_range, source, source_offset, target, target_offset, count, 0);
}
