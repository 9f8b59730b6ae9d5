import Platform
import Pushes
import TestSupport
import Uploads
import Vocabulary

/// A client that brings one file: a random program of requests while the weather is bad, then a plain one to the end.
///
/// It remembers what replies told and breaks a rule into the run's report: offsets that go back, bytes that are not
/// there, uploads that vanish or come back, refusals without a reason.
final class SimulatedClient: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  let file: ClientFile
  let life: SimulatedLife
  let run: SimulationRun
  var random: SeededRandom

  init(_ file: ClientFile, in run: SimulationRun, _ life: SimulatedLife, seed: UInt64) {
    self.file = file
    self.life = life
    self.run = run
    random = SeededRandom(seed: seed)
  }

  /// Up to `requests` requests, some of them rude.
  func storm(requests: Int) async {
    for _ in 0..<requests {
      guard life.isRunning, file.goal == .open else { return }
      guard await findPush() else { continue }
      guard let id = file.current else {
        if file.isFinal { await createFinal() } else if !(await bringTogether()) { await create() }
        continue
      }
      if file.isFinal {
        await disturbFinal(id)
        continue
      }
      switch random.int(0...99) {
      case 0...54: await append(id, end: end())
      case 55...66: await inspect(id)
      case 67...79: await checkedAppend(id)
      case 80...82: await tooLong(id)
      case 83...84: await wrongOffset(id)
      case 85...86: await terminate(id)
      default: await takeOver(id)
      }
    }
  }

  /// Brings the file to its end; every request must be served, but for races with what is left of the storm.
  func finish() async {
    for _ in 0..<200 {
      guard life.isRunning, file.goal == .open else { return }
      guard await findPush() else { continue }
      if file.isFinal {
        await finishFinal()
        continue
      }
      guard let id = file.current else {
        await create(isPlain: true)
        continue
      }
      await inspect(id)
      if file.goal == .open, file.current == id { await append(id, end: .clean, isWhole: true) }
    }
  }

  private func end() -> SimulatedBody.End {
    switch random.int(0...9) {
    case 0...6: .clean
    case 7...8: .broken
    default: .stalled
    }
  }

  private func body(_ bytes: some Collection<UInt8>, _ end: SimulatedBody.End) -> SimulatedBody {
    SimulatedBody(Array(bytes), end, life: life, random: &random)
  }

  // MARK: requests

  private func create(isPlain: Bool = false) async {
    // Sent again with its key it has to be the same request.
    let isUnknown = file.isDeferred && (!isPlain || file.key != nil)
    let isAll = isPlain || random.int(0...1) == 0
    let hasContent = !file.content.isEmpty && random.int(0...3) > 0
    let count = !hasContent ? 0 : isAll ? file.content.count : random.int(1...file.content.count)
    var part = Array(file.content.prefix(count))
    let isLast = file.isDraft && file.key == nil && count == file.content.count
    var intent = CreateIntent(
      length: isUnknown ? nil : Int64(file.content.count), metadata: file.metadata, hasContent: hasContent,
      contentLength: random.int(0...1) == 0 ? Int64(count) : nil,
      completion: !file.isDraft ? .atLength : isLast ? .withRequest : .later,
      overflow: file.isDraft ? .invalidate : .refuse, concatenation: file.isPart ? .partial : nil,
      idempotencyKey: file.key)
    let checked = Checked(part, isChecked: !isPlain && hasContent && random.int(0...5) == 0, &random)
    intent.checks = checked.checks
    intent.checks.fileDigests = file.fileDigests(file.declaration)
    if checked.isFlawed && !part.isEmpty && checked.problems == [.checksumMismatch] { part[0] ^= 0x20 }
    let body = hasContent ? body(part, isPlain ? .clean : end()) : nil
    body?.trailer = checked.trailer
    await send(
      .create(intent), sending: checked.isFlawed ? 0..<0 : 0..<count, body, allowing: checked.problems)
  }

  func inspect(_ id: UploadID) async {
    await send(.inspect(id, completes: !file.isDraft), on: id)
  }

  /// The next bytes, from where the last reply said.
  private func append(_ id: UploadID, end: SimulatedBody.End, isWhole: Bool = false) async {
    let (start, rest) = rest(of: id)
    let count = isWhole || random.int(0...2) == 0 ? rest : random.int(0...rest)
    await send(
      .append(id, intent(id, start, count)), on: id, sending: start..<(start + count),
      body(file.content[start..<(start + count)], end))
  }

  /// With a checksum, which may be wrong, or the bytes are.
  private func checkedAppend(_ id: UploadID) async {
    let (start, rest) = rest(of: id)
    let count = random.int(0...rest)
    var bytes = Array(file.content[start..<(start + count)])
    var intent = intent(id, start, count)
    let checked = Checked(bytes, isChecked: true, &random)
    intent.checks = checked.checks
    let declaration = file.uploads[id]?.declaration ?? file.declaration
    intent.checks.fileDigests = random.int(0...1) == 0 ? file.fileDigests(declaration) : []
    if checked.isFlawed && !bytes.isEmpty && checked.problems == [.checksumMismatch] {
      bytes[random.int(0...(bytes.count - 1))] ^= 0x40
    }
    let body = body(bytes, end())
    body.trailer = checked.trailer
    await send(
      .append(id, intent), on: id, sending: checked.isFlawed ? start..<start : start..<(start + count),
      body, allowing: checked.problems)
  }

  /// More bytes than the upload has room for, without saying so before.
  private func tooLong(_ id: UploadID) async {
    let (start, rest) = rest(of: id)
    var intent = intent(id, start, rest)
    intent.contentLength = nil
    intent.length = Int64(file.content.count)
    if file.isDraft { file.uploads[id]?.mayBeGone = true }
    await send(
      .append(id, intent), on: id, sending: start..<(start + rest),
      body(file.content[start...] + [1, 2, 3], .clean), allowing: [.tooLarge])
  }

  private func wrongOffset(_ id: UploadID) async {
    let wrong = Int64(random.int(0...(file.content.count + 10)))
    if wrong == Int64(rest(of: id).start) { return }
    await send(
      .append(id, AppendIntent(offset: wrong)), on: id, body([9, 9, 9], .clean),
      allowing: [.offsetMismatch, .inconsistentLength])
  }

  func terminate(_ id: UploadID) async {
    file.uploads[id]?.mayBeGone = true
    // A part may be needed at the moment.
    await send(.terminate(id), on: id, allowing: [.pushClosed, .busy])
  }

  /// A second request while the first one is under way.
  private func takeOver(_ id: UploadID) async {
    let rival = SimulatedClient(file, in: run, life, seed: random.next())
    let isHead = random.int(0...2) > 0
    let isDelete = random.int(0...9) == 0
    run.spawn(life) {
      for _ in 0..<rival.random.int(0...6) { await Task.yield() }
      if isDelete {
        await rival.terminate(id)
      } else if isHead {
        await rival.inspect(id)
      } else {
        await rival.append(id, end: rival.end())
      }
    }
    await append(id, end: end())
  }

  /// Where the upload is as far as the client knows, and how many bytes are still to come.
  private func rest(of id: UploadID) -> (start: Int, count: Int) {
    let start = Int(file.uploads[id]?.acknowledged ?? 0)
    return (start, file.content.count - start)
  }

  private func intent(_ id: UploadID, _ start: Int, _ count: Int) -> AppendIntent {
    let isLast = start + count == file.content.count
    let mustState = file.uploads[id]?.length == nil && (isLast || random.int(0...2) == 0)
    // The last request of a draft says so; its length need not be told.
    let isStated = mustState && (!file.isDraft || random.int(0...1) == 0)
    return AppendIntent(
      offset: Int64(start), length: isStated ? Int64(file.content.count) : nil,
      contentLength: random.int(0...1) == 0 ? Int64(count) : nil,
      completion: !file.isDraft ? .atLength : isLast ? .withRequest : .later,
      overflow: file.isDraft ? .invalidate : .refuse)
  }

  // MARK: replies

  /// Sends a request and judges the reply. `sending` are the bytes it brings that count.
  func send(
    _ intent: UploadIntent, on id: UploadID? = nil, sending: Range<Int> = 0..<0,
    _ body: SimulatedBody? = nil, allowing expected: Set<Problem> = []
  ) async {
    file.sent = max(file.sent, Int64(sending.upperBound))
    let known = id.flatMap { file.uploads[$0] }
    run.note("file \(file.number) \(intent.summary) \(sending)")
    life.requests += 1
    let told = Told(intent, of: file)
    let hearing: UploadEngine.Notify = { [self] in hear($0, told) }
    let outcome = await life.uploads.perform(
      intent, body: body, client: "client \(file.number)",
      notify: file.isDraft ? hearing : nil)
    life.requests -= 1
    guard life.isRunning else { return }
    run.note("file \(file.number) <- \(outcome.summary)")
    switch outcome {
    case .created(let view, _):
      compareKeyed(view.id, told.key)
      adopt(view, told.declaration)
      see(view, after: known, told)
    case .inspected(let view), .appended(let view): see(view, after: known, told)
    case .refused(let error, let view):
      if let view, file.uploads[view.id] != nil { see(view, after: known, told) }
      judge(error, id, known, expected)
    case .terminated:
      guard let id else { return }
      file.uploads[id]?.isDeleted = true
      if file.goal == .finished, file.current == id { file.goal = .open }
      end(id, as: .cancelled)
    case .discovered: break
    }
  }

  /// A reply showed the upload; `known` is what was known of it when the request was sent.
  func see(_ view: UploadView, after known: ClientFile.Upload?, _ told: Told? = nil) {
    guard var upload = file.uploads[view.id] else { return }
    if let offset = told?.offset, view.offset < offset {
      run.break("\(view.id) was told to be at \(offset), the answer says \(view.offset)")
    }
    if let known, view.offset < known.acknowledged {
      run.break("offset of \(view.id) went back from \(known.acknowledged) to \(view.offset)")
    }
    if known?.isDeleted == true { run.break("deleted upload \(view.id) came back") }
    if view.offset > file.sent {
      run.break("\(view.id) is at \(view.offset), but only \(file.sent) bytes were sent")
    }
    upload.acknowledged = max(upload.acknowledged, view.offset)
    upload.length = view.length ?? upload.length
    file.uploads[view.id] = upload
    run.requireDurable(view.offset, of: view.id, file)
    if view.state.isFinished, file.goal == .open { file.current = view.id }
    if view.state == .verified || view.state == .committed { end(view.id, as: .finished) }
    if file.isPart, view.length == view.offset { end(view.id, as: .finished) }
  }

  func judge(
    _ error: ProblemError, _ id: UploadID?, _ known: ClientFile.Upload?, _ expected: Set<Problem>
  ) {
    if expected.contains(error.problem) { return }
    switch error.problem {
    case .takenOver, .busy: return
    case .offsetMismatch:
      // Another request of the file got there first, or an answer was lost: the next HEAD tells.
      return
    case .storageFull, .storageFault, .internalError:
      if !run.mayFail { run.break("refused without a fault: \(error)") }
    case .uploadRejected:
      if !file.mayBeRejected && !run.hasLostPart(file) {
        run.break("\(file.path) was rejected: \(error)")
      }
      file.renewKey()
      // In a push the right file must come after all, and so must one whose parts went away.
      if file.push == nil && file.mayBeRejected { end(id, as: .rejected) } else { file.declaration = .right }
      if file.current == id { file.current = nil }
    case .gone, .notFound, .uploadInvalid:
      if let id, file.uploads[id]?.mayBeGone != true, file.uploads[id]?.isDeleted != true, !run.hasLeapt {
        run.break("upload \(id) is gone: \(error)")
      }
      file.renewKey()
      if file.current == id { file.current = nil }
    case .pathConflict, .pushClosed:
      // The upload that took the path, or completed the push, is one whose reply was lost.
      if !run.findStored(file) { run.break("refused: \(error)") }
    default: run.break("refused: \(error)")
    }
  }

  func end(_ id: UploadID?, as goal: ClientFile.Goal) {
    guard file.goal == .open else { return }
    // A file of a push, or a part of another, must come after all.
    if goal == .cancelled, file.push != nil || file.isPart || random.int(0...1) == 0 {
      if file.current == id { file.current = nil }
      return
    }
    file.goal = goal
  }

  /// The push that the file belongs to, opened if it is not yet; false when it could not be.
  private func findPush() async -> Bool {
    guard let push = file.push, push.id == nil else { return true }
    return await run.open(push, life)
  }
}
