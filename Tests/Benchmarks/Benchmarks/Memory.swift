import Glibc

/// Uses so much memory once and gives it back.
///
/// A virtual machine may hand free memory to its host, and getting a page back costs more than writing to it: whoever ran
/// first after a pause would pay for it. Just freed memory stays for seconds.
func faultInMemory(_ byteCount: Int) throws {
  let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE
  let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
  guard let memory, memory != MAP_FAILED else { throw BenchmarkError.call("mmap") }
  munmap(memory, byteCount)
}
