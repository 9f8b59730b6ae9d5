import Catalog
import Vocabulary

/// The log of a push from its opening to now: the lines that were written, between what its row tells.
///
/// How it was opened and sealed is in the row, whoever did it and however; writing it down too would cost a file for
/// every small upload.
package enum PushHistory {
  /// Bytes of a time at the beginning of a line.
  private static let timeBytes = 24

  /// All lines; `written` are those of its file.
  package static func text(_ snapshot: PushSnapshot, written: [UInt8], now: Timestamp) -> [UInt8] {
    let push = snapshot.push
    var lines = written
    func insert(_ time: Timestamp?, _ text: String) {
      guard let time else { return }
      lines.insert(contentsOf: line(time, text), at: position(of: time, in: lines))
    }
    insert(push.sealedAt, "sealed: \(received(snapshot))")
    if push.state == .cancelled || push.state == .expired { insert(push.finishedAt, push.state.rawValue) }
    return Array(line(push.createdAt, opened(push))) + lines + current(snapshot, now)
  }

  private static func opened(_ push: PushRecord) -> String {
    let origin =
      switch push.origin {
      case .client: "by a client"
      case .upload: "by a single upload"
      case .source: "from source \(push.source.map { quoted("\($0.name)/\($0.path)") } ?? "")"
      }
    let author = push.author.map { ", author \(quoted($0))" } ?? ""
    let label = push.label.map { ", label \($0)" } ?? ""
    return "opened \(origin)\(author): repo \(push.repo)\(label), message \(quoted(push.message))"
  }

  private static func received(_ snapshot: PushSnapshot) -> String {
    let progress = snapshot.progress
    let expected = snapshot.push.expectedCount.map { " of \($0)" } ?? ""
    let rejected = progress.rejected == 0 ? "" : ", \(progress.rejected) rejected"
    return "\(progress.verified)\(expected) files verified, \(progress.finishedBytes) bytes\(rejected)"
  }

  /// How things stand, for a push whose last line does not say it.
  private static func current(_ snapshot: PushSnapshot, _ now: Timestamp) -> ArraySlice<UInt8> {
    let push = snapshot.push
    switch push.state {
    case .open: return line(now, "open: \(received(snapshot))")
    case .queued: return line(now, "queued, waiting for \(snapshot.waitingFor ?? "its turn")")
    case .admitted, .committing, .committed, .failed, .cancelled, .expired: return []
    }
  }

  private static func line(_ time: Timestamp, _ text: String) -> ArraySlice<UInt8> {
    Array("\(time.rfc3339) \(text)\n".utf8)[...]
  }

  /// Where the first line of a later time begins.
  private static func position(of time: Timestamp, in lines: [UInt8]) -> Int {
    let wanted = Array(time.rfc3339.utf8)
    var start = 0
    while start < lines.count {
      if !lines[start...].prefix(timeBytes).lexicographicallyPrecedes(wanted) { return start }
      start = (lines[start...].firstIndex(of: UInt8(ascii: "\n")) ?? lines.count - 1) + 1
    }
    return start
  }
}
