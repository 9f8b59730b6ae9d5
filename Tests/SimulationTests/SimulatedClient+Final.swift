import TestSupport
import Uploads
import Vocabulary

/// Files made of partial uploads, and several small files at once.
extension SimulatedClient {
  /// Asks for the file to be made of its parts, of which some may be unfinished, or gone.
  func createFinal() async {
    let parts = file.parts.compactMap(\.current)
    guard parts.count == file.parts.count else { return await pause() }
    let intent = CreateIntent(
      length: nil, metadata: file.metadata, concatenation: .final(parts: parts, raw: "final;"))
    let lost = run.hasLostPart(file)
    await send(
      .create(intent), sending: 0..<file.content.count, allowing: lost ? [.gone, .notFound] : [])
    // A part that went away is found so by its own client, who brings it again.
    if lost { await pause() }
  }

  /// Asks for the file's offset, sends to it, which it does not take, or deletes it.
  func disturbFinal(_ id: UploadID) async {
    switch random.int(0...9) {
    case 0:
      await send(
        .append(id, AppendIntent(offset: 0)), on: id, SimulatedBody([1], .clean, life: life, random: &random),
        allowing: [.finalImmutable])
    case 1: await terminate(id)
    case 2:
      // Asked for again, as after a lost answer.
      await createFinal()
    case 3...5: await inspect(id)
    default: await pause()
    }
  }

  func finishFinal() async {
    if let id = file.current {
      await inspect(id)
    } else {
      for part in file.parts where life.isRunning {
        if run.hasLostPart(file), part.goal == .finished { part.goal = .open }
        await SimulatedClient(part, in: run, life, seed: random.next()).finish()
      }
      await createFinal()
    }
    await pause()
  }

  private func pause() async { for _ in 0..<40 { await Task.yield() } }

  /// Now and then small files of a push come in one request; false when this is not such a time.
  func bringTogether() async -> Bool {
    guard let push = file.push?.id, random.int(0...2) == 0 else { return false }
    let files = run.files.filter {
      $0.push === file.push && $0.current == nil && $0.goal == .open && !$0.isFinal && !$0.isPart
        && $0.content.count <= 64 << 10
    }
    guard !files.isEmpty else { return false }
    run.note("files \(files.map(\.number)) come together")
    life.requests += 1
    let outcomes: [WholeFileOutcome]
    do {
      outcomes = try await life.uploads.createMany(
        files.map { WholeFile(path: $0.path, content: $0.content, declaredDigest: $0.declaredDigest) },
        in: push, client: "client \(file.number)")
    } catch {
      life.requests -= 1
      if life.isRunning { judge(error, nil, nil, []) }
      return true
    }
    life.requests -= 1
    guard life.isRunning else { return true }
    for (file, outcome) in zip(files, outcomes) {
      let client = SimulatedClient(file, in: run, life, seed: random.next())
      file.sent = Int64(file.content.count)
      switch outcome {
      case .stored(let view), .exists(let view):
        run.note("file \(file.number) <- stored \(view.id) \(view.state)")
        client.adopt(view, file.declaration)
        client.see(view, after: nil)
      case .refused(let error):
        run.note("file \(file.number) <- refused \(error.problem)")
        // Another request of the file may have got there meanwhile.
        client.judge(error, nil, nil, [.pathConflict])
      // No push of the simulation leaves files out.
      case .unfinished, .superseded: continue
      }
    }
    return true
  }
}
