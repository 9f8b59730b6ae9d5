import Blobs
import Catalog
import Platform
import Testing
import Uploads
import Vocabulary

/// What requests say of their content and of the whole file.
@Suite struct ContentChecksTests {
  private let bytes = pattern(0..<50)

  private func checksum(_ algorithm: ChecksumAlgorithm, _ bytes: [UInt8]) throws -> Checksum {
    let stream = ChecksumStream(algorithm)
    stream.update(bytes)
    return try #require(Checksum(algorithm: algorithm, bytes: stream.finish()))
  }

  @Test("T-54 R-47 a checksum behind the content decides whether it counts", arguments: [0, 1000])
  func trailer(smallBytes: Int) async throws {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    let id = try await fixture.create(50)
    let intent = AppendIntent(offset: 0, checks: ContentChecks(hasTrailer: true))
    let wrong = ScriptedBody([bytes], .clean, trailer: .success(try checksum(.sha512, [1])))
    #expect(await fixture.perform(intent, on: id, wrong).problem == .checksumMismatch)
    #expect(try await fixture.offset(id) == 0)
    let missing = ScriptedBody(
      [bytes], .clean, trailer: .failure(ProblemError(.badHeader, detail: "missing")))
    #expect(await fixture.perform(intent, on: id, missing).problem == .badHeader)
    #expect(try await fixture.offset(id) == 0)
    let right = ScriptedBody([bytes], .clean, trailer: .success(try checksum(.sha512, bytes)))
    #expect(await fixture.perform(intent, on: id, right).appendedOffset == 50)
  }

  @Test("T-54 a trailer covers its own chunk, not the bytes before")
  func laterChunk() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(50)
    _ = await fixture.append(id, at: 0, pattern(0..<20))
    let body = ScriptedBody(
      [pattern(20..<50)], .clean, trailer: .success(try checksum(.crc32, pattern(20..<50))))
    let intent = AppendIntent(offset: 20, checks: ContentChecks(hasTrailer: true))
    #expect(await fixture.perform(intent, on: id, body).appendedOffset == 50)
    #expect(try await fixture.record(id).digest == SHA256Stream.digest(of: bytes))
  }

  @Test("R-47 every checksum of a request must match", arguments: [0, 1000])
  func several(smallBytes: Int) async throws {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    let id = try await fixture.create(50)
    let right = try checksum(.sha256, bytes)
    let mixed = ContentChecks(checksums: [right, try checksum(.sha512, [0])])
    let refused = await fixture.perform(
      AppendIntent(offset: 0, checks: mixed), on: id, ScriptedBody([bytes], .clean))
    #expect(refused.problem == .checksumMismatch)
    let both = ContentChecks(checksums: [right, try checksum(.sha512, bytes)])
    let stored = await fixture.perform(
      AppendIntent(offset: 0, checks: both), on: id, ScriptedBody([bytes], .clean))
    #expect(stored.appendedOffset == 50)
  }

  @Test(
    "R-46 a file that lacks a declared digest is rejected, one that has it is verified",
    arguments: [0, 1000], [ChecksumAlgorithm.sha256, .sha512])
  func wholeFile(smallBytes: Int, algorithm: ChecksumAlgorithm) async throws {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    for isRight in [true, false] {
      for isLate in [true, false] {
        let digest = try checksum(algorithm, isRight ? bytes : [9])
        let declared = ContentChecks(fileDigests: [digest])
        let created = await fixture.perform(CreateIntent(length: 50, checks: isLate ? .none : declared))
        let id = try #require(created.view?.id)
        let outcome = await fixture.perform(
          AppendIntent(offset: 0, checks: isLate ? declared : .none), on: id, ScriptedBody([bytes], .clean))
        #expect(outcome.problem == (isRight ? nil : .uploadRejected))
        #expect(try await fixture.record(id).state == (isRight ? .verified : .rejected))
        let whole = await fixture.perform(
          CreateIntent(length: 50, hasContent: true, checks: declared, completion: .withRequest), bytes)
        #expect(whole.problem == (isRight ? nil : .uploadRejected))
      }
    }
  }

  @Test("a digest that contradicts an earlier one is refused, also of a file that is verified already")
  func contradiction() async throws {
    let fixture = try EngineFixture()
    let declared = ContentChecks(fileDigests: [try checksum(.sha256, bytes)])
    let id = try #require(await fixture.perform(CreateIntent(length: 50, checks: declared)).view?.id)
    let other = ContentChecks(fileDigests: [try checksum(.sha256, [1])])
    let refused = await fixture.perform(
      AppendIntent(offset: 0, checks: other), on: id, ScriptedBody([bytes], .clean))
    #expect(refused.problem == .badHeader)
    #expect(await fixture.append(id, at: 0, bytes).appendedOffset == 50)
    let late = await fixture.perform(
      AppendIntent(offset: 50, contentLength: 0, checks: other, completion: .withRequest), on: id,
      ScriptedBody([], .clean))
    #expect(late.problem == .digestMismatch)
  }

  @Test(
    "R-46 a creation with another digest is another file, not the earlier creation sent again",
    arguments: [ChecksumAlgorithm.sha256, .sha512])
  func anotherFile(algorithm: ChecksumAlgorithm) async throws {
    let fixture = try EngineFixture()
    let push = try await fixture.openPush()
    let pairs = [("push", push.text), ("path", "a"), ("mtime", "1700000000")]
    let metadata = UploadMetadata(
      raw: nil, pairs: pairs.map { .init(key: $0.0, value: Array($0.1.utf8)) })
    func create(_ content: [UInt8]) async throws -> UploadView {
      let checks = ContentChecks(fileDigests: [try checksum(algorithm, content)])
      let outcome = await fixture.perform(CreateIntent(length: 50, metadata: metadata, checks: checks))
      return try #require(outcome.view, "\(outcome)")
    }
    let first = try await create([1]).id
    #expect(try await create([1]).id == first)
    let second = try await create(bytes).id
    #expect(second != first)
    #expect(await fixture.append(second, at: 0, bytes).appendedOffset == 50)
    #expect(try await fixture.record(second).state == .verified)
    #expect(try await fixture.record(first).state == .cancelled)
  }

  @Test("R-48 a client that wants the digest gets it with the answer that completes the file")
  func wanted() async throws {
    let fixture = try EngineFixture()
    let content = pattern(0..<3_000_000)
    let outcome = await fixture.perform(
      CreateIntent(
        length: 3_000_000, hasContent: true, checks: ContentChecks(wantsFileDigest: true),
        completion: .withRequest), content)
    #expect(outcome.view?.digest == SHA256Stream.digest(of: content))
  }
}
