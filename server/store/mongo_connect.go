package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/auth"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"
)

// connectMongo prepares a store; the first call to it finds a server. reading overrides the read preference of the
// URL, unless it is nil.
func connectMongo(ctx context.Context, text string, opts MongoOptions, reading *readpref.ReadPref) (*Mongo, error) {
	settings, err := mongoSettings(ctx, text, opts)
	if err != nil {
		return nil, err
	}
	if reading != nil {
		settings.SetReadPreference(reading)
	}
	client, err := mongo.Connect(settings)
	if err != nil {
		return nil, mongoURLError(text)
	}
	m := &Mongo{url: redactMongoURL(text), database: mongoDatabase(text), client: client, opts: opts, locks: newKeyLocks()}
	m.writeConcern = settings.WriteConcern
	db := client.Database(m.database)
	m.listings = db.Collection(listingsCollection)
	safe := options.Collection().SetReadPreference(readpref.Primary()).SetWriteConcern(durable(settings.WriteConcern))
	m.meta, m.current = db.Collection(metaCollection, safe), db.Collection(listingsCollection, safe)
	m.buffers.New = func() any { return new(insertCommand) }
	return m, nil
}

// mongoSettings are what the URL says, and limits where it says nothing: no call may take the driver's 30 seconds to
// find out that nobody answers.
func mongoSettings(ctx context.Context, text string, opts MongoOptions) (*options.ClientOptions, error) {
	if err := resolveSRV(ctx, text, opts); err != nil {
		return nil, err
	}
	settings := options.Client().ApplyURI(text)
	if settings.Validate() != nil {
		return nil, mongoURLError(text)
	}
	if settings.ServerSelectionTimeout == nil {
		settings.SetServerSelectionTimeout(opts.Timeout)
	}
	if settings.ConnectTimeout == nil {
		settings.SetConnectTimeout(opts.Timeout)
	}
	if settings.AppName == nil {
		settings.SetAppName("imgsvc")
	}
	if opts.Conns > 0 {
		settings.SetMaxPoolSize(uint64(opts.Conns))
	}
	return settings, nil
}

// resolveSRV asks the DNS for the servers of a mongodb+srv URL, with a limit: the driver, which asks again, has none.
func resolveSRV(ctx context.Context, text string, opts MongoOptions) error {
	at, err := url.Parse(text)
	if err != nil || at.Scheme != "mongodb+srv" {
		return nil // if it is broken, the driver says so
	}
	service := at.Query().Get("srvServiceName")
	if service == "" {
		service = "mongodb"
	}
	ctx, cancel := context.WithTimeout(ctx, opts.Timeout)
	defer cancel()
	if _, _, err := net.DefaultResolver.LookupSRV(ctx, service, "tcp", at.Hostname()); err != nil {
		return fmt.Errorf("find the servers of %s: %w\ncheck the host name; without SRV records in the DNS, use mongodb://",
			redactMongoURL(text), err)
	}
	return nil
}

// durable is the write concern of what says which listings are there: at least that of the URL.
func durable(wanted *writeconcern.WriteConcern) *writeconcern.WriteConcern {
	if wanted != nil && wanted.W != nil {
		return wanted
	}
	journal := true
	return &writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journal}
}

// callError adds to an error of a call what callers test for: ErrUnreachable, and of ctx why it ended.
func callError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	case mongo.IsTimeout(err) && !errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	if unreachable(err) {
		return &unreachableError{err}
	}
	return err
}

// unreachableError is an ErrUnreachable that says why.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string        { return ErrUnreachable.Error() + ": " + e.err.Error() }
func (e *unreachableError) Unwrap() error        { return e.err }
func (e *unreachableError) Is(target error) bool { return target == ErrUnreachable }

func unreachable(err error) bool {
	var selection topology.ServerSelectionError
	return mongo.IsNetworkError(err) || mongo.IsTimeout(err) || errors.As(err, &selection)
}

// firstError says why the first call to a store went wrong, and what can be done about it.
func (m *Mongo) firstError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("open %s: %w", m, context.Canceled)
	}
	var login *auth.Error
	var selection topology.ServerSelectionError
	var denied mongo.CommandError
	switch {
	case errors.As(err, &login):
		return fmt.Errorf("log in to %s: %w\ncheck user name and password, and authSource if the user is of another database",
			m, login)
	case errors.As(err, &denied) && (denied.Code == 13 || denied.Code == 18):
		return fmt.Errorf("open %s: %w\nlog in as a user who may use this database (seeding: readWrite)", m, err)
	case errors.As(err, &selection):
		return fmt.Errorf("open %s: %w\n%s", m, &unreachableError{errors.New(lastErrors(selection))}, hintUnreachable)
	case unreachable(err):
		return fmt.Errorf("open %s: %w\n%s", m, &unreachableError{err}, hintUnreachable)
	}
	return fmt.Errorf("open %s: %w", m, err)
}

const hintUnreachable = "check that it runs, its address, and whether it wants tls=true"

// lastErrors says what the driver last heard from each server.
func lastErrors(selection topology.ServerSelectionError) string {
	var said []string
	for _, server := range selection.Desc.Servers {
		if server.LastError != nil {
			said = append(said, server.LastError.Error())
		} else {
			said = append(said, fmt.Sprintf("%s is a %s, and not what the read preference or replica set asks for", server.Addr, server.Kind))
		}
	}
	if len(said) == 0 {
		return "no server is known"
	}
	return strings.Join(said, "; ")
}
