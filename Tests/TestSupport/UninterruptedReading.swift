import Foundation
import Glibc

/// The result of a system call that is made again when a signal interrupts it.
package func uninterrupted(_ call: () -> Int) -> Int {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

/// Foundation's own reading traps when a signal interrupts the call.
extension FileHandle {
  /// What can be read now, after waiting for it; empty at the end.
  package func nextData() throws -> Data {
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = uninterrupted { Glibc.read(fileDescriptor, &bytes, bytes.count) }
    guard count >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    return Data(bytes.prefix(count))
  }

  /// All that is read until the end.
  package func remainingData() throws -> Data {
    var all = Data()
    while true {
      let data = try nextData()
      if data.isEmpty { return all }
      all += data
    }
  }
}
