import Glibc

/// The standard streams of the process, as a person or a pipe sees them.
package enum Terminal: Sendable {
  case output
  case error

  private var descriptor: Int32 { self == .output ? STDOUT_FILENO : STDERR_FILENO }

  /// True when a person is likely to read along.
  package var isInteractive: Bool { isatty(descriptor) == 1 }

  /// True when a person can answer on standard input.
  package static var canAsk: Bool { isatty(STDIN_FILENO) == 1 }

  /// Width in columns; nil when the stream is no terminal.
  package var columns: Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Writes all bytes as they are; for content, not for messages.
  ///
  /// - Throws: `FileError`; `isBrokenPipe` tells that the reader went away.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw .last("write", self == .output ? "standard output" : "standard error")
      }
      rest = rest.dropFirst(written)
    }
  }
}

extension FileError {
  /// The reader of a pipe closed it.
  package var isBrokenPipe: Bool { code == EPIPE }
}
