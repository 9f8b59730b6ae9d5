import Client
import Foundation
import Platform

/// Shows progress on standard error: a line that redraws itself on a terminal, else a line now and then.
final class ProgressDisplay: Sendable {
  private static let redrawSeconds = 0.2
  private static let plainSeconds = 5.0

  private let board: ProgressBoard
  private let pacer: Pacer
  private let isInteractive: Bool
  private let isBarShown = Locked(false)

  init(board: ProgressBoard, pacer: Pacer = .system()) {
    self.board = board
    self.pacer = pacer
    isInteractive = Terminal.error.isInteractive && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// A sentence of its own line, above the bar if there is one.
  func notice(_ text: String) {
    let text = TextTable.visible(text)
    isBarShown.withLock { isShown in
      StandardError.line((isShown ? "\r\u{1b}[K" : "") + text)
      isShown = false
    }
  }

  /// Runs `body` with the progress shown.
  func during<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    let drawing = Task { await draw() }
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    drawing.cancel()
    await drawing.value
    isBarShown.withLock { isShown in
      if isShown { StandardError.write("\r\u{1b}[K") }
      isShown = false
    }
    return try result.get()
  }

  private func draw() async {
    var meter = RateMeter()
    var lastPlain = board.progress
    while true {
      do { try await pacer.sleep(isInteractive ? Self.redrawSeconds : Self.plainSeconds) } catch { return }
      let progress = board.progress
      meter.sample(bytes: progress.bytesShown, at: pacer.now())
      if isInteractive {
        let line = ProgressText.bar(progress, meter, columns: Terminal.error.columns ?? 80)
        isBarShown.withLock { isShown in
          StandardError.write("\r\u{1b}[K" + line)
          isShown = true
        }
      } else if progress != lastPlain {
        StandardError.line(ProgressText.plain(progress, meter))
        lastPlain = progress
      }
    }
  }
}
