import Catalog
import Platform
import Vocabulary

/// New events for everyone who listens: one task reads the catalog, however many clients are connected, and none when
/// there are none.
///
/// A subscriber first catches up by itself, from the catalog, then goes live; see `activate`.
package final class EventFeed: Sendable {
  enum Item: Sendable {
    case event(EventRecord)
    /// Says that the connection is alive.
    case heartbeat
  }
  private struct Subscriber {
    let items: AsyncStream<Item>.Continuation
    let ended: AsyncStream<Void>.Continuation
    var isLive = false
  }
  private struct State {
    var subscribers: [Int: Subscriber] = [:]
    var nextKey = 0
    /// While polling: every event up to here was given to those who were live then.
    var position: Int64 = 0
    var isPolling = false
    var isClosed = false
  }

  static let subscriberLimit = 256
  /// Items a subscriber may lag behind before it is dropped; its client reconnects and catches up.
  static let bufferLimit = 256
  private static let pageSize = 500
  private static let pollInterval = Duration.milliseconds(250)
  private static let heartbeatInterval = Duration.seconds(15)

  private let catalog: any CatalogStore
  private let report: @Sendable (String) -> Void
  private let state = Locked(State())

  package convenience init(services: GatewayServices) {
    self.init(catalog: services.catalog) { services.report($0) }
  }

  package init(catalog: any CatalogStore, report: @escaping @Sendable (String) -> Void) {
    self.catalog = catalog
    self.report = report
  }

  /// Ends every subscription, now and from now on.
  package func close() {
    let subscribers = state.withLock { state in
      state.isClosed = true
      defer { state.subscribers = [:] }
      return Array(state.subscribers.values)
    }
    for subscriber in subscribers { Self.end(subscriber) }
  }

  /// Takes a place among the subscribers; it is given back when the subscription goes.
  ///
  /// - Throws: `ProblemError` with `busy` or `draining`.
  func reserve() throws(ProblemError) -> EventSubscription {
    let (items, itemsEnd) = AsyncStream.makeStream(
      of: Item.self, bufferingPolicy: .bufferingOldest(Self.bufferLimit))
    let (ended, endedEnd) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    let key = try state.withLock { state throws(ProblemError) in
      if state.isClosed { throw ProblemError(.draining, detail: "the server is shutting down") }
      guard state.subscribers.count < Self.subscriberLimit else {
        throw ProblemError(.busy, detail: "\(Self.subscriberLimit) clients are listening to events already")
      }
      state.nextKey += 1
      state.subscribers[state.nextKey] = Subscriber(items: itemsEnd, ended: endedEnd)
      return state.nextKey
    }
    return EventSubscription(items: items, ended: ended) { [weak self] in
      self?.drop(key)
    } onActivate: {
      [weak self] in
      self?.activate(key, seen: $0)
    }
  }

  /// Up to a page of events after `sequence`.
  func events(after sequence: Int64) async throws -> [EventRecord] {
    try await catalog.read { try $0.events(after: sequence, limit: Self.pageSize) }
  }

  /// Events that are read from now on go to this subscriber too.
  ///
  /// Those that were read before, but after the subscriber last looked, it must still get by itself; so it looks once
  /// more after this, and skips what comes twice.
  private func activate(_ key: Int, seen: Int64) {
    let mustStart = state.withLock { state in
      guard state.subscribers[key] != nil else { return false }
      state.subscribers[key]?.isLive = true
      if state.isPolling { return false }
      state.isPolling = true
      state.position = seen
      return true
    }
    if mustStart { Task { await poll() } }
  }

  private func drop(_ key: Int) {
    let subscriber = state.withLock { $0.subscribers.removeValue(forKey: key) }
    if let subscriber { Self.end(subscriber) }
  }

  private static func end(_ subscriber: Subscriber) {
    subscriber.items.finish()
    subscriber.ended.finish()
  }

  private func poll() async {
    var lastBeat = ContinuousClock.now
    var isFailing = false
    while let position = nextPosition() {
      var isMore = false
      do {
        let events = try await events(after: position)
        isMore = events.count == Self.pageSize
        isFailing = false
        deliver(events.map { .event($0) }, upTo: events.last?.sequence ?? position)
      } catch {
        if !isFailing { report("events cannot be read: \(error)") }
        isFailing = true
      }
      if ContinuousClock.now - lastBeat >= Self.heartbeatInterval {
        lastBeat = .now
        deliver([.heartbeat], upTo: position)
      }
      // A sleep cut short only makes the next look come sooner.
      if !isMore { try? await Task.sleep(for: Self.pollInterval) }
    }
  }

  /// Where to read on; nil when nobody listens any more, and then the polling is over.
  private func nextPosition() -> Int64? {
    state.withLock { state in
      guard state.subscribers.contains(where: { $0.value.isLive }) else {
        state.isPolling = false
        return nil
      }
      return state.position
    }
  }

  private func deliver(_ items: [Item], upTo position: Int64) {
    let live = state.withLock { state in
      state.position = max(state.position, position)
      return state.subscribers.filter { $0.value.isLive }
    }
    for (key, subscriber) in live {
      for item in items {
        if case .dropped = subscriber.items.yield(item) {
          drop(key)
          break
        }
      }
    }
  }
}

/// One client's place in the feed; it is free again when the last reference goes.
final class EventSubscription: Sendable {
  let items: AsyncStream<EventFeed.Item>
  private let ended: AsyncStream<Void>
  private let onEnd: @Sendable () -> Void
  private let onActivate: @Sendable (Int64) -> Void

  init(
    items: AsyncStream<EventFeed.Item>, ended: AsyncStream<Void>, onEnd: @escaping @Sendable () -> Void,
    onActivate: @escaping @Sendable (Int64) -> Void
  ) {
    self.items = items
    self.ended = ended
    self.onEnd = onEnd
    self.onActivate = onActivate
  }
  deinit { onEnd() }

  /// Goes live; `seen` is the last event the client has.
  func activate(seen: Int64) { onActivate(seen) }
  func end() { onEnd() }

  /// Returns when the subscription has ended, by either side.
  func waitForEnd() async { for await _ in ended {} }
}
