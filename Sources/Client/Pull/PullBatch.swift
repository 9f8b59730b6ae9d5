import Platform
import Vocabulary

/// Which contents travel in one answer.
enum PullBatch {
  /// Small contents together, up to the limits of a request; every other one alone. Whatever was copied, or has begun to
  /// arrive, is not asked for again.
  static func batches(of groups: [PullRun.Group], begun: Set<Digest>) -> [[PullRun.Group]] {
    var batches: [[PullRun.Group]] = []
    var batch: [PullRun.Group] = []
    var bytes: Int64 = 0
    var pathBytes = 0
    for group in groups {
      let size = group.part.size
      guard !group.isCopied, size <= ContentsReceiver.mostFileBytes, !begun.contains(group.part.digest) else {
        batches.append([group])
        continue
      }
      bytes += size
      pathBytes += group.files[0].path.text.utf8.count
      let isFull =
        batch.count == ContentsReceiver.mostFiles || bytes > ContentsReceiver.mostBytes
        || pathBytes > ContentsReceiver.mostPathBytes
      if isFull {
        batches.append(batch)
        (batch, bytes, pathBytes) = ([], size, group.files[0].path.text.utf8.count)
      }
      batch.append(group)
    }
    return batch.isEmpty ? batches : batches + [batch]
  }
}

extension PullRun {
  /// Fetches many small contents in one answer; what does not come that way is fetched alone, which tells why.
  func carryOut(_ groups: [Group]) async throws -> [Result] {
    let arrived = try await write(groups)
    let results = try await pull.io.run {
      // Once for all: without it a loss of power could leave names of empty files.
      try WholeFileSystem.sync(pull.notes.parts)
      return try arrived.map { $0.failed.isEmpty ? try place($0) : $0 }
    }
    let isDone = Set(results.map(\.group.part.digest))
    var rest: [Result] = []
    for group in groups where !isDone.contains(group.part.digest) { rest.append(try await carryOut(group)) }
    return results + rest
  }

  /// Writes what arrives as it should be.
  private func write(_ groups: [Group]) async throws -> [Result] {
    let receiver = ContentsReceiver(api: pull.api, bundle: try address(), retrier: pull.retrier)
    let files = groups.map { ContentsReceiver.File(path: $0.files[0].path, size: $0.part.size) }
    var results: [Result] = []
    do {
      try await receiver.receive(files) { arrived in
        results += try await pull.io.run { try arrived.compactMap { try write($0, of: groups) } }
      }
    } catch is ClientError {
      return results
    }
    return results
  }

  private func write(_ arrived: ContentsReceiver.Arrived, of groups: [Group]) throws -> Result? {
    let group = groups[arrived.index]
    guard SHA256Stream.digest(of: arrived.bytes) == group.part.digest else { return nil }
    var result = Result(group: group, filled: FilePart.Filled(fetched: group.part.size))
    do {
      try group.part.write(arrived.bytes)
      progress(group.part.size, isResumed: false)
    } catch {
      result.failed = try group.files.map { try failure(of: $0, error) }
    }
    return result
  }
}
