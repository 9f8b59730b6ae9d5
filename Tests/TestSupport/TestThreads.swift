import Blobs
import Platform

/// Threads that the stores of all tests share.
package enum TestThreads {
  package static let executor: any IOExecutor = ThreadedExecutor(name: "test", threads: 4)
  package static let hashers = DiskHashers(urgent: executor, patient: executor)
}
