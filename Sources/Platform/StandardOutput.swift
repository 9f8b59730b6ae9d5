import Glibc

/// What a command says on standard output, a whole line at a time.
package enum StandardOutput {
  package static func line(_ text: String) { writeAll(text + "\n", to: STDOUT_FILENO) }
}

/// What a command says on standard error.
package enum StandardError {
  package static func line(_ text: String) { writeAll(text + "\n", to: STDERR_FILENO) }
  /// Text without an end of line, such as a progress bar that overwrites itself.
  package static func write(_ text: String) { writeAll(text, to: STDERR_FILENO) }
}

/// Nobody is left to tell when an output is gone, so a failed write ends the attempt.
private func writeAll(_ text: String, to descriptor: Int32) {
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if written < 0 && errno == EINTR { continue }
    guard written > 0 else { return }
    rest = rest.dropFirst(written)
  }
}
