package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v5"

	"github.com/starkillersystems/imgsvc/server/store"
)

// Writer changes listings. Once ChangeListing returns nil, the finder of this service finds what was written. An error
// of which nobody knows whether it was written all the same wraps store.ErrUncertain.
type Writer interface {
	ChangeListing(ctx context.Context, id int64, change store.Change) error
}

// addWriteRoutes adds the routes that change listings. Without a token they are there, and refuse.
func (s *service) addWriteRoutes(e *echo.Echo) {
	e.PUT("/listings/:id", s.writing(opPut, "PUT /listings/:id", s.putListing))
	e.DELETE("/listings/:id", s.writing(opDelete, "DELETE /listings/:id", s.deleteListing))
	e.POST("/listings/:id/images", s.writing(opImage, "POST /listings/:id/images", s.postImage))
}

// writing returns a handler for those who may write: h, with its errors answered and its requests counted.
func (s *service) writing(op operation, route string, h func(c *echo.Context, id int64) error) echo.HandlerFunc {
	m := s.metrics.route(route)
	return func(c *echo.Context) error {
		begin := m.begin()
		id, err := s.admit(c)
		if err == nil {
			err = h(c, id)
		}
		if err != nil {
			s.answerError(c, err)
		}
		status := c.Response().(*echo.Response).Status
		s.metrics.writes.add(op, status)
		m.end(begin, status)
		return nil
	}
}

// admit checks who asks, and returns the id in the path.
func (s *service) admit(c *echo.Context) (int64, error) {
	if err := s.checkURL(c.Request()); err != nil {
		return 0, err
	}
	if err := s.authorize(c); err != nil {
		return 0, err
	}
	return parseID(c.Param("id"))
}

// putListing makes the listing what the body says: 201 if there was none, else 200.
func (s *service) putListing(c *echo.Context, id int64) error {
	if id > store.MaxID {
		return refuse(http.StatusBadRequest, "id %d is too large to be written: want %d at most", id, int64(store.MaxID))
	}
	body, err := s.readJSON(c)
	if err != nil {
		return err
	}
	record, err := store.ParseRecord(body, id)
	if err != nil {
		return refuseBody(err)
	}
	listing, err := record.Encode()
	if err != nil {
		return refuseBody(err)
	}
	status := http.StatusOK
	err = s.change(id, func(old store.Listing) (store.Listing, error) {
		status = http.StatusOK
		if old.IsZero() {
			status = http.StatusCreated
		}
		return listing, checkConditions(c.Request(), old)
	})
	if err != nil {
		return err
	}
	if status == http.StatusCreated {
		c.Response().Header().Set("Location", listingPath(id))
	}
	s.writeChanged(c, status, listing.Tag(), listing.JSON())
	return nil
}

// deleteListing removes the listing: 204.
func (s *service) deleteListing(c *echo.Context, id int64) error {
	if err := s.checkSize(c); err != nil {
		return err
	}
	err := s.change(id, func(old store.Listing) (store.Listing, error) {
		if old.IsZero() {
			return old, noListing(id)
		}
		return store.Listing{}, checkConditions(c.Request(), old)
	})
	if err != nil {
		return err
	}
	s.lastAnswer(c.Response().Header())
	return c.NoContent(http.StatusNoContent)
}

// postImage adds the image in the body behind the others: 201, with its index.
func (s *service) postImage(c *echo.Context, id int64) error {
	body, err := s.readJSON(c)
	if err != nil {
		return err
	}
	if err := store.CheckJSON(body); err != nil {
		return refuseBody(err) // before the store is asked
	}
	var listing store.Listing
	err = s.change(id, func(old store.Listing) (_ store.Listing, err error) {
		if old.IsZero() {
			return old, noListing(id)
		}
		if err := checkConditions(c.Request(), old); err != nil {
			return old, err
		}
		listing, err = withImage(old, body)
		return listing, err
	})
	if err != nil {
		return err
	}
	index := listing.Count() - 1
	c.Response().Header().Set("Location", listingPath(id)+"?index="+strconv.Itoa(index))
	s.writeChanged(c, http.StatusCreated, listing.Tag(), appendImage(nil, id, index, listing))
	return nil
}

// withImage returns the listing with the image that body describes as its last.
func withImage(old store.Listing, body []byte) (store.Listing, error) {
	record, err := old.Record()
	if err != nil {
		return old, err
	}
	if len(record.Images) >= store.MaxImages {
		return old, refuse(http.StatusUnprocessableEntity, "listing %d has %d images, and %d are the most: "+
			"PUT it with fewer", record.ID, len(record.Images), store.MaxImages)
	}
	image, err := store.ParseImage(body, len(record.Images))
	if err != nil {
		return old, refuseBody(err)
	}
	record.Images = append(record.Images, image)
	listing, err := record.Encode()
	if err != nil {
		return old, refuseBody(err)
	}
	return listing, nil
}

func noListing(id int64) error { return refuse(http.StatusNotFound, "there is no listing %d", id) }

func listingPath(id int64) string { return "/listings/" + strconv.FormatInt(id, 10) }

// refuseBody gives an error about a body its status.
func refuseBody(err error) error {
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(err, store.ErrMalformed):
		status = http.StatusBadRequest
	case errors.Is(err, store.ErrTooLong):
		status = http.StatusRequestEntityTooLarge
	}
	return refuse(status, "%v", err)
}

// writeChanged answers with what was written. Its conditions were looked at before.
func (s *service) writeChanged(c *echo.Context, status int, tag []string, body []byte) {
	header := c.Response().Header()
	s.lastAnswer(header)
	header["Etag"], header["Content-Type"] = tag, jsonType
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write(body) // fails only if the client has left
}
